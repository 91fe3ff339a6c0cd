from __future__ import annotations

import pytest

from infra.errors import QuestionError
from infra.offboarding.signatures import FIRST, LAST, public_key, refuse_one_person

pytestmark = pytest.mark.fast
ONE = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAglNgRJkItRdcpXW4ZLKEP7xKjJa
1nvm3NbEkXRQb9Uo0AAAARcmluZ2ZlbmNlLXJlbW92YWwAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABAXjSk7A5J+4A20sz3lvaHyF7VwqoSk1xjnLqcUIdrxzrJuh
q2TTJpFo7VuKo7hloHxQ/AKlNQr1TbvoqU/NYQBg==
-----END SSH SIGNATURE-----
"""
TWO = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgylRSqkRadAfl3fnv/WZLwKpil2
gmQqvvFcgBAltQT4UAAAARcmluZ2ZlbmNlLXJlbW92YWwAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABAYwYB1/CWAc0nYbS6XjJMrDJ3+P8U0U/q/nUlVJkd1SZMkl
49D/nJ2aFtKAVbNUBePAZgq2ku1RPyDhX/B7hMDg==
-----END SSH SIGNATURE-----
"""
AGAIN = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAglNgRJkItRdcpXW4ZLKEP7xKjJa
1nvm3NbEkXRQb9Uo0AAAARcmluZ2ZlbmNlLXJlbW92YWwAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABAr2iPuNTnKXVF7Ql/16XuGfg2+sVrMLAFKKUXerS4zUBPRU
bae/H00s/UqkKr5nTazC1Dp7Jwcl/DoluQ6vu5Bw==
-----END SSH SIGNATURE-----
"""


def test_two_signatures_of_one_key_are_one_persons() -> None:
    """Whatever they are about; real signatures of two keys."""
    refuse_one_person(ONE, {"two": TWO})
    assert public_key(ONE, "") == public_key(AGAIN, "") != public_key(TWO, "")
    with pytest.raises(QuestionError, match="one key signs for both"):
        refuse_one_person(ONE, {"two": TWO, "again": AGAIN})


@pytest.mark.parametrize("text", ["", "x", f"{FIRST}\n{LAST}", f"{FIRST}\nAAAA\n{LAST}", ONE.replace(FIRST, LAST), f"{FIRST}\n!\n{LAST}"])
def test_what_is_no_signature_is_refused(text: str) -> None:
    """Nobody signed it."""
    with pytest.raises(QuestionError, match="no signature"):
        public_key(text, "here")
