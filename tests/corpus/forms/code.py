"""The value put together by a program."""

from __future__ import annotations

from typing import Final

from tests.corpus.forms.form import Form, Writer, wrapped


def _pieces(width: int, start: str, between: str, end: str) -> Writer:
    return lambda value: start + wrapped(value, width, between) + end


def _numbers(start: str, between: str, end: str, template: str = "{}") -> Writer:
    return lambda value: start + between.join(template.format(ord(char)) for char in value) + end


FORMS: Final = (
    Form("code", "Python concatenation", _pieces(6, 'value = "', '" + "', '"')),
    Form("code", "Python adjacent literals", _pieces(8, 'value = (\n    "', '"\n    "', '"\n)')),
    Form("code", "Python join", _pieces(1, 'value = "".join(["', '", "', '"])')),
    Form("code", "Python +=", _pieces(5, 'value = ""\nvalue += "', '"\nvalue += "', '"')),
    Form("code", "JavaScript concatenation", _pieces(7, "const value = '", "' +\n  '", "';")),
    Form("code", "Java append", _pieces(6, 'new StringBuilder().append("', '").append("', '").toString()')),
    Form("code", "PHP concatenation", _pieces(6, "$value = '", "' . '", "';")),
    Form("code", "shell concatenation", _pieces(6, 'VALUE="', '""', '"')),
    Form("code", "shell continuation", _pieces(10, "VALUE=", "\\\n", "")),
    Form("code", "Lua concatenation", _pieces(6, 'local value = "', '" .. "', '"')),
    Form("code", "Rust concat!", _pieces(6, 'concat!("', '", "', '")')),
    Form("code", "SQL concatenation", _pieces(6, "SELECT '", "' || '", "';")),
    Form("code", "bytes([…])", _numbers("bytes([", ", ", "]).decode()")),
    Form("code", "chr() + chr()", _numbers("", " + ", "", "chr({})")),
    Form("code", "String.fromCharCode", _numbers("String.fromCharCode(", ",", ")")),
    Form("code", "Go byte slice", _numbers("string([]byte{", ", ", "})", "0x{:02x}")),
    Form("code", "C char array", lambda value: "char value[] = {" + ", ".join(f"'{char}'" for char in value) + ", 0};"),
    Form("code", "printf of octal", lambda value: "printf '" + "".join(f"\\{ord(char):03o}" for char in value) + "'"),
)
