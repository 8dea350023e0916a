"""A file is read lot by lot: each line once, with the number that an editor shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.takeover_file import Head, Place, read_head, read_records

ENDS = ("\n", "\r\n", "\r")


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def read_all(data, size=7):
    """[(line, cells, whether a quote is open)], each record from a place of its own, as
    a job does that is killed after each."""
    head = read_head(pieces(data, size))
    place, found = head.start, []
    while True:
        rest = pieces(data[place.offset :], size)
        record = next(read_records(rest, head.separator, place), None)
        if record is None:
            return head, found
        found.append((record.line, record.cells, record.is_open))
        place = record.next


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_any_line_end_and_any_place_to_go_on_give_the_same_lines(end, size):
    text = '\nid;name\n1;one\n\n2;"two\nlines"\n ; \n3;three'

    head, found = read_all(text.replace("\n", end).encode(), size)

    assert (head.columns, head.separator) == (("id", "name"), ";")
    assert [(line, cells[0]) for line, cells, _open in found] == [
        (3, "1"),
        (5, "2"),
        (8, "3"),
    ]
    assert found[1][1] == ("2", "two\nlines")


@pytest.mark.parametrize("after", [0, 3, 49, 50, 200])
def test_a_quote_that_is_never_closed_costs_its_own_line_only(after):
    text = 'a,b\n1,"open\n' + "".join(f"{n},x\n" for n in range(after))

    _head, found = read_all(text.encode())

    assert found[0] == (2, ('1,"open',), True)
    assert [(line, cells) for line, cells, _open in found[1:]] == [
        (n + 3, (str(n), "x")) for n in range(after)
    ]


def test_mark_of_utf8_and_letters_of_windows_are_read():
    head, found = read_all("\ufeffid\tGröße\n1\tß".encode())
    assert head.columns == ("id", "Größe")
    assert found == [(2, ("1", "ß"), False)]

    _head, found = read_all("id,name\n1,Größe €\n".encode("cp1252"))
    assert found == [(2, ("1", "Größe €"), False)]


def test_a_line_longer_than_csv_takes_is_kept_as_bad():
    _head, found = read_all(b"a,b\n1," + b"x" * 200_000 + b"\n2,y\n", 1 << 16)

    assert [(line, is_open) for line, _cells, is_open in found] == [
        (2, True),
        (3, False),
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n \n", b"\n" * 120, b";;;\n"])
def test_an_empty_file_has_no_columns(data):
    assert read_head([data]) == Head()


def test_zero_bytes_become_something_that_a_database_takes():
    _head, found = read_all(b"a,b\n1,x\0y\n")

    assert found == [(2, ("1", "x\ufffdy"), False)]


@given(st.lists(st.text('ab" ,\n\r', max_size=12), max_size=80), st.integers(1, 40))
def test_whatever_a_file_holds_each_line_with_something_is_told(lines, size):
    data = ("h,i\n" + "\n".join(lines)).encode()

    _head, found = read_all(data, size)

    told = "".join("".join(cells) for _line, cells, _open in found)
    for letter in "ab":
        assert told.count(letter) == data.decode().count(letter)
    numbers = [line for line, _cells, _open in found]
    assert numbers == sorted(set(numbers))
    assert Place(0, 1) == read_head(pieces(b"", size)).start
