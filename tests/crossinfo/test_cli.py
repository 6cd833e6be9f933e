from crossinfo import cli


def test_the_flags_page_lists_every_command_and_flag():
    page = cli.flags_page()
    for command in cli.COMMANDS:
        assert f"## `{command.usage}`" in page
        for _, group in command.groups():
            assert all(f"{flag.name}" in page for flag in group)
    assert "paper\\|release\\|medium\\|compact" in page
