from crossinfo.reports import styles


def test_twenty_eight_methods_look_different():
    assert len({(look.colour, look.dash) for look in map(styles.style, range(28))}) == 28
    assert len({look.key for look in map(styles.style, range(100))}) == 100


def test_a_style_goes_by_the_place_and_not_by_the_name():
    first, second = styles.styles(["b", "a"]).values()
    assert (first, second) == (styles.style(0), styles.style(1))
    assert (first.key, second.key) == ("m0", "m1")


def test_a_line_is_solid_or_dashed():
    assert styles.style(0).line == "-"
    assert styles.style(1).line == (0, styles.DASHES[1])


def test_what_cannot_be_printed_is_replaced():
    assert styles.shown("naïve <b> 手 $x_1$") == "naïve <b> 手 $x_1$"
    assert styles.shown("a\nb\x1b[0m\udcff\u202e") == "a\ufffdb\ufffd[0m\ufffd\ufffd"
