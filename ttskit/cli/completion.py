"""Shell completion for PowerShell; bash, zsh and fish are click's own (docs/completion.md)."""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

__all__ = ["PowerShellComplete"]

# The words before the cursor go through an environment variable, one a line: quotes are gone, and blanks stay in them.
# What is no name of ours (a file) gives no line, and PowerShell then completes the path itself.
_SOURCE = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = $commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursorPosition } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    }
    $env:COMP_WORDS = $words -join "`n"
    $env:COMP_CWORD = $wordToComplete
    $env:%(complete_var)s = "powershell_complete"
    try {
        %(prog_name)s | ForEach-Object {
            $value, $help = $_ -split "`t", 2
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $help)
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:%(complete_var)s
    }
}
"""


class PowerShellComplete(ShellComplete):
    """What click's classes are for other shells: the script, and how its question is read and answered."""

    name = "powershell"
    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Whole words before the cursor without the program's name, and the one that is being typed."""
        words, incomplete = os.environ["COMP_WORDS"].splitlines()[1:], os.environ.get("COMP_CWORD", "")
        if incomplete and words and words[-1] == incomplete:
            words.pop()
        return words, incomplete

    def complete(self) -> str:
        """One line for each name; none for files and folders."""
        items = self.get_completions(*self.get_completion_args())
        return "\n".join(self.format_completion(item) for item in items if item.type == "plain")

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """The name and, after a tab, what it is."""
        return f"{item.value}\t{item.help or ''}".rstrip("\t")


add_completion_class(PowerShellComplete)
