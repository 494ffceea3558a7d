"""A whole exchange with PyPI's Sip2: python sip2_exchange.py HOST PORT CARD PIN. Prints what it understood as JSON."""

import json
import sys
import tempfile

from Sip2.wrapper import Sip2Wrapper

host, port, card, pin = sys.argv[1:]
understood = {}
with tempfile.TemporaryDirectory() as folder:
    wrapper = Sip2Wrapper(
        {
            "hostName": host,
            "hostPort": int(port),
            "tlsEnable": False,
            "withCrc": True,
            "withSeq": True,
            # Given up after the first answer with a wrong checksum.
            "maxretry": 0,
            "socketTimeout": 30,
            "institutionId": "MAIN",
            "logfile_path": folder,
        }
    )
    sip2 = wrapper.return_sip2()
    # 93 and 99; raises where the login fails or the server is offline.
    wrapper.login_device("sip", "secret", True)
    understood["status"] = wrapper.return_sc_status()
    # 63; then 35, because a session is open; then 63 with a wrong PIN.
    understood["admitted"] = wrapper.login_patron(card, pin)
    understood["information"] = wrapper.get_patron_status()
    # 23.
    asked = sip2.get_response(sip2.sip_patron_status_request())
    understood["patron_status"] = sip2.sip_patron_status_response(asked)
    wrapper.sip_patron_session_end()
    understood["refused"] = not wrapper.login_patron(card, "wrong")
    wrapper.disconnect()
print(json.dumps(understood))
