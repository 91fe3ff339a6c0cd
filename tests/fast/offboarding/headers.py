"""Real headers, made by `cryptsetup luksFormat` 2.6.1, each before and after `luksChangeKey`; packed, with what `luksDump` says of them."""

from __future__ import annotations

import base64
import zlib

LUKS1 = (
    "eNrzCfUO3rWPgTExtZgBH6goKdYtyEnMzDMzwSpfnJFoZGqGzwQBEOHgyr1ZT7ol9O/K6d4nLprMfjHdy7V2w5baV2/ezfVgFhf0e1JRalxue+P/rHfaG9Y5vma+w1nt"
    "ycDA/MLCOM0gKcUkTdfCxMxY18Q0yUQ30dDQRNfSJNnSIiXJwsgk0RBszZrCzyD1EsvTA74lc8lE2LYKSrGH3RcPOadjajvd0ixDMHmVusV9oEoOBgb+BQwM99YyEAWY"
    "GEhTz/yDNPWsH0hTz/6CNPWcD0hTz32DNPW8F0DqAcz/Uis="
)
LUKS1_REKEYED = (
    "eNrzCfUO3rWPgTExtZgBH6goKdYtyEnMzDMzwSpfnJFoZGqGzwQBEOHgyr1ZT7ol9O/K6d4nLprMfjHdy7V2w5baV2/ezfVgFhf0e1JRalxue+P/rHfaG9Y5vma+w1nt"
    "ycDA/MLCOM0gKcUkTdfCxMxY18Q0yUQ30dDQRNfSJNnSIiXJwsgk0RBiz721DMQBDgYG/gUMawo/g8z/+9Mx2TL21/3uHnvvpfxPxa7bmJ7KyfsS8NFpr9nx7zXlDAxM"
    "DGD1RJvP/IM09awfSFPP/oI09ZwPSFPPfYM09bwXQOoBI/BYdA=="
)
LUKS1_UUID, LUKS1_DIGEST = "83f0bd4f-8463-45b4-a114-94c98db824a1", "450bb32e1b8455fda9974bc8d1349be8974a457d"
LUKS2 = (
    "eNrtmE9o01Acx8Pm1YvsJIjwmHpYY5M0eUkG88/q/sC6ja3d2KZuviavbZY0iXmxazo6xKOiFxlOPAheh4cdvIgOPOnQiwhDEPXmEO8iiOBLrVvdEPXs+xxC3u/f+35/"
    "uSUzMZR9uM61cQ1OcU3auX+ElJCkwN/nb2ze3HrZfvDLlTP+hffL9zYuv9t8sbqqf2wbfnrndedGffb2bKe79GoWr6zPnHzz6NzW2oj9Kf1tP3j29v5z/vGyoZkI5VMK"
    "j/PQ4GUhpfO6CVUe4ZQsChKEuqhz/yGHDt+6vvwge+xo9e6RA9fWtA8nVpKfwdUnfV87jvtLHfs4BoPBYDAYDAaDwWAwKIvAxhFxvJCA7kUgxI8w8jHoBs4lm0ggEefn"
    "iFWjISgnACrsKhFpCQkDy8d0giwIQgKUECnR7I9fAqBOmwKMWtoCtECbvEKB4JAeU5IKtXhK4xIgKZogx2fsGkHkh5bn0ijChK+GhPcdZLlQ3qWL3mGbrcr8PD3H6n/V"
    "kgBWiAMUz6RqxYZagpxYhef5TqVrarQ6hO3yZNA/EPUWsD7i15JGURm5uDCedAeNYLCSc+UeUK/TG0PPxvGYRfpOcLGM3b1LbDhoNStCVVUlEe74NSMXlS0j1laZCxcw"
    "smlQ+LN/go3QC5orkAUdxppMq4jJXhnb69j52GdpwflW4c3AXy+sNtOvzueKimJ2mcaAkp9KT4lKbqavIpHplDuccTLqmDFQSk5Xiz3gpzLa50Z+PpXPRCYcmxyG4wp2"
    "s3JtYhT2DZ62rCLJSZZTzvaSdGliOl50AhieW7CKsZt54rlNw0CUJE1rcbQdh6pM0Wgr9x0xfCWn"
)
LUKS2_REKEYED = (
    "eNrtmM1r02Acx8PE0xC86kkfdrNhSZo8SQbDl2zrXlpldtO16ubT5Gmapk1Cn3RrOyriH6AHGSjexNtU8Dp1Vx3uosMhyBRBNkSvghfBJ7XOuiHq2edzCHl+b8/3+8stycmx"
    "9NIy18W1OMa12cv9I6SAJAX+Pn91/frW8z0Hv1wZCC6+Xbi9cvnN+uriov6hK/Xk1queleb0zeke79LaNL6xnD36+tH5rQcn3Y/G133g6ca9Z/zjBVOzEMrFFR7noMnLQlzn"
    "dQuqPMJxWRQkCHVR5/5DDry7G444S2vF/Xferx7+pHPd97vth+ufX17bPPRiYzjgGAwGg8FgMBgMBoPBoMwDF9dJyQ8J6JsHQvQI6wEGfaBUdYkEYlF+hjgNGoJyDKD8jhKR"
    "lpCw4gSYTpAFQYiBAiIFmv3+SwA0aVMFo462CpqjTX4+T3BIj5IuaCKMxrRuAZKiCbJGz9gzK/UgdHyPRhEmfC0kfFBCjgflHcLoJa7VKS3I0XMk/1cxMeCEuIKimVSu2JJL"
    "UCmSUSyjUSXjGoY4Us0Mj1m6mqmOjNq1bEIletogiYGy11uuDp01Uv2g2aQ3hr6LozHz9J1gu4y93VtsOeh0K0JVVaVOv1bdQ2XHjLTNzoRzGLk0KPzZP8Fm6FfaK5AFHUaa"
    "LMfGZLeM7XX8/NrnaMGFTuHtwF8vrJEdUosTtqJYRywzoeSmjClRmcgOzkokE/dSyVJSHTcThd5Mze4HP5TRPq8e5OK5ZN2C42dS8LSCvbTcmDwFB4ePO45NJiSnVE6fIEZh"
    "MhMtOgZM38s7duSmSHyvbRiIkqRpHY6241CVKRpt5b4B6dYolQ=="
)
LUKS2_UUID = "c8daab35-eb6c-4039-9d67-ae3410266919"
LUKS2_DIGEST = "9f2a5bddb2f277a41533a4797a74b8cd43ba1070228a0b13da2966481b028546"


def header(packed: str) -> bytes:
    """Return the beginning of a volume that has this header."""
    return zlib.decompress(base64.b64decode(packed)).ljust(1 << 16, b"\0")
