"""Each request seems to come from another address, by way of a proxy: wrong
keys, which are among what is tried, lock out the address that they come from."""
import itertools

import schemathesis

ADDRESSES = (f"10.{x >> 16 & 255}.{x >> 8 & 255}.{x & 255}"
             for x in itertools.count(1))


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers = {**(case.headers or {}),
                    "X-Forwarded-For": next(ADDRESSES)}
