"""What came back: files read and checked, rules of exclusion applied, answers with the key."""
