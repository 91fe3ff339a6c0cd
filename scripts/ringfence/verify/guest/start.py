"""The last part of the guest's program: it never comes to its end by itself, and a clock of the kernel ends it for certain."""

from __future__ import annotations

import signal

from ringfence.verify.guest.program import Agent

LIFETIME_SECONDS = 900

signal.alarm(LIFETIME_SECONDS)
Agent().forever()
