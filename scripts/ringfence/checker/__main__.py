"""Lets the folder be run: ``python checker CERTIFICATE SNAPSHOT``, wherever it lies.

The exit code is 0 for proven and 1 for refused, and nothing else ends with one of these: what cannot be read, written or imported is 2, and
an interrupt is 130.
"""

import os
import sys

if __name__ == "__main__":
    code = 2
    try:
        import runpy
        from pathlib import Path

        here = Path(__file__).resolve().parent
        sys.path[0] = str(here.parent)  # Python puts the folder itself there, in which modules cannot import one another as a package
        runpy.run_module(f"{here.name}.conditions", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 2
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:  # noqa: BLE001 - whatever it is, it proves nothing and refutes nothing
        os.write(2, f"cannot tell: {error!r}\n".encode(errors="replace"))
    os._exit(code)  # without Python's last flush, whose failure has a code of its own; everything was flushed where it was printed
