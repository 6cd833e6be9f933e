from datasets.check import findings


def test_the_worst_comes_first_and_the_same_finding_of_two_splits_is_one():
    note = findings.Finding(findings.NOTE, "train", "a")
    faults = [findings.Finding(findings.FAULT, name, "b", "mend") for name in ("train", "test")]
    first, second = findings.ranked([note, *faults])
    assert (first.split, first.what, str(first)) == ("train, test", "b", "b: mend") and second == note


def test_a_share_is_a_fault_above_its_limit_a_warning_below_and_nothing_at_zero():
    levels = [
        [finding.level for finding in findings.by_share(share, 0.1, "test", "what", "todo")]
        for share in (0, 0.1, 0.11)
    ]
    assert levels == [[], [findings.WARNING], [findings.FAULT]]


def test_what_to_do_stands_below_each_finding():
    lines = findings.finding_lines(
        [findings.Finding(findings.FAULT, "test", "b", "mend"), findings.Finding(findings.NOTE, "", "a")]
    )
    assert lines == ["FAULT    test: b", "         -> mend", "note     a"]


def test_columns_are_as_wide_as_they_need():
    assert findings.table_lines(("name", "n"), [("a", 12345), ("longer", 1)]) == [
        "name    n",
        "------  -----",
        "a       12345",
        "longer  1",
    ]
