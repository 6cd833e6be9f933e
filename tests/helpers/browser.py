"""What the tests of the report and of the demo's page do alike in a browser."""


def new_context(chromium, width, scheme, **others):
    """A window of its own, without animations."""
    viewport = {"width": width, "height": 800}
    return chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **others)


def watched(page, complaints):
    """The page, whose console, errors and dialogs are added to a list of str."""
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    return page
