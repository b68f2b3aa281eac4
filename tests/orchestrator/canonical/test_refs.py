"""External ids are made of business keys and can be read back."""

from orchestrator.canonical import refs


def test_external_ids_follow_the_firms_scheme():
    """Every external id is the business key with its prefix."""
    assert [
        refs.customer("A-00042", "US"),
        refs.order("S-00042"),
        refs.job("S-00042"),
        refs.time("17"),
        refs.expense("3"),
        refs.work_invoice("S-00042", "2026-03", 1),
        refs.milestone_invoice("S-00042-M1"),
    ] == ["CUS-A-00042-US", "SO-S-00042", "JOB-S-00042", "TE-17", "EX-3", "INV-S-00042-202603-1", "INV-S-00042-M1"]


def test_a_sow_is_found_in_whatever_names_it():
    """The SOW number is read out of titles and external ids, and nothing else is mistaken for one."""
    texts = ["S-00042 Big Deal", "INV-S-00042-202603-1", "JOB-S-00042", "S-1", "TE-17", "XS-00042"]
    assert [refs.sow_in(text) for text in texts] == ["S-00042", "S-00042", "S-00042", "", "", ""]


def test_a_story_title_names_its_line():
    """A title stands for a contract line only when it begins with the line's key."""
    titles = ["S-00042-R1 Senior", "S-00042-M2", "Senior S-00042-R1", "S-00042-X1 odd"]
    assert [refs.line_in(title) for title in titles] == ["S-00042-R1", "S-00042-M2", "", ""]
