"""Fills a throw-away domain: python samba_people.py SMB_CONF, with lines NAME, ID, PASSWORD and STATE between tabs on stdin."""

import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load(sys.argv[1])
domain = SamDB(session_info=system_session(), lp=settings)


def change(dn, **values):
    message = ldb.Message(ldb.Dn(domain, str(dn)))
    for name, value in values.items():
        message[name] = ldb.MessageElement(str(value), ldb.FLAG_MOD_REPLACE, name)
    domain.modify(message)


# Three wrong passwords lock an account.
change(domain.domain_dn(), lockoutThreshold=3)

for line in sys.stdin.read().splitlines():
    name, number, password, state = line.split("\t")
    domain.newuser(name, password, givenname="Ada", surname="Byron")
    found = domain.search(domain.domain_dn(), ldb.SCOPE_SUBTREE, f"(sAMAccountName={name})", ["cn"])
    dn = found[0].dn
    if number:
        change(dn, employeeID=number)
    if state == "disabled":
        change(dn, userAccountControl=514)
    elif state == "expired":
        change(dn, accountExpires=134116992000000000)
    elif state == "must-change":
        change(dn, pwdLastSet=0)
    elif state == "no-hours":
        change(dn, logonHours="\0" * 21)
    elif state == "elsewhere":
        change(dn, userWorkstations="ANOTHER")
