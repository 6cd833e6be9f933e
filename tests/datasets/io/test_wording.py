import csv
import io

import pytest

from datasets.io.wording import csv_cell, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9bb\x7f\r\n\t", "a\\x9bb\\x7f\\r\\n\\t"),
        ("\u202egnp.exe\u2028", "\\u202egnp.exe\\u2028"),
        ("\udcff", "\\udcff"),
        ("Größe 指 b c", "Größe 指 b c"),
    ],
)
def test_nothing_printed_commands_a_terminal(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown and shown.encode()


def test_line_ends_may_stay():
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@pytest.mark.parametrize("sign", "=+-@")
def test_a_name_in_a_table_is_no_formula(sign):
    assert csv_cell(f"{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"
    assert csv_cell(f"a{sign}b") == f"a{sign}b"


def test_a_name_with_commas_and_quotation_marks_comes_back():
    file = io.StringIO()
    csv.writer(file).writerow([csv_cell('a,"b"')])
    assert next(csv.reader([file.getvalue()])) == ['a,"b"']
