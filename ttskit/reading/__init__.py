"""Files of strangers as plain data: YAML and JSON with bounds, and fields that have the type they should have."""

from ttskit.reading.bounded_yaml import YamlFault, parse_yaml
from ttskit.reading.typed import Count, Finite, Misread, Stored, as_type, parse_json, read_json, read_limited, shown, typed_line

__all__ = [
    "Count",
    "Finite",
    "Misread",
    "Stored",
    "YamlFault",
    "as_type",
    "parse_json",
    "parse_yaml",
    "read_json",
    "read_limited",
    "shown",
    "typed_line",
]
