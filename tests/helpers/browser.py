"""Browser windows for the tests of the report and of the demo page."""


def new_context(chromium, width, scheme, **others):
    """A browser context of its own, 800 pixels high, without animations."""
    viewport = {"width": width, "height": 800}
    return chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **others)


def watched(page, complaints):
    """The page; its console messages, errors and dialogs are appended to the list ``complaints``."""
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    return page
