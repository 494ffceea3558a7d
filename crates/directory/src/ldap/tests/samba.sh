#!/bin/sh
# A throw-away Active Directory (Samba) for a command, in a network of its own, as its ports are fixed. As root, with
# Debian's samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba:
#   unshare -n sh crates/directory/src/ldap/tests/samba.sh FOLDER target/debug/deps/directory-... --ignored active_directory
# FOLDER is made, and removed at the next run. All people in it are made up.
set -e
folder=$1; shift
ip link set lo up 2>/dev/null || ifconfig lo up
rm -rf "$folder"; mkdir -p "$folder/run" "$folder/ncalrpc"
samba-tool domain provision --targetdir="$folder" --realm=EXAMPLE.ORG --domain=EXAMPLE --adminpass='Passw0rd-Admin' --server-role=dc --dns-backend=NONE \
  --host-name=dc1 --host-ip=127.0.0.1 \
  --option="interfaces=127.0.0.1/8" --option="bind interfaces only=yes" --option="server services=ldap" --option="vfs objects=" \
  --option="posix:eadb=$folder/private/eadb.tdb" --option="pid directory=$folder/run" --option="ncalrpc dir=$folder/ncalrpc" \
  --option="winbindd socket directory=$folder/run" --option="ntp signd socket directory=$folder/run" --option="ldap server require strong auth=yes" >"$folder/provision.log" 2>&1
conf=$folder/etc/smb.conf
grep -q "pid directory" $conf || sed -i "/^\[global\]/a pid directory = $folder/run\nncalrpc dir = $folder/ncalrpc\nwinbindd socket directory = $folder/run\nntp signd socket directory = $folder/run\nldap server require strong auth = yes" $conf
for n in 1 2 3 4 5; do samba-tool user add pupil$n "Passw0rd-Pupil" -s $conf --given-name=Ada$n --surname=Byron >/dev/null; done
samba-tool user disable pupil2 -s $conf
samba-tool user add reader 'Passw0rd-Reader' -s $conf >/dev/null
samba-tool user add gone 'Passw0rd-Gone' -s $conf >/dev/null; samba-tool user disable gone -s $conf
cat > $folder/ids.py <<'P'
import sys
from samba.samdb import SamDB
from samba.auth import system_session
from samba.param import LoadParm
import ldb
lp=LoadParm(); lp.load(sys.argv[1])
db=SamDB(session_info=system_session(),lp=lp)
for n in range(1,6):
    r=db.search(base=db.domain_dn(),scope=ldb.SCOPE_SUBTREE,expression=f"(sAMAccountName=pupil{n})",attrs=["cn"])
    m=ldb.Message(r[0].dn)
    m["employeeID"]=ldb.MessageElement(f"000000{n}",ldb.FLAG_MOD_REPLACE,"employeeID")
    if n==3: m["accountExpires"]=ldb.MessageElement("134116992000000000",ldb.FLAG_MOD_REPLACE,"accountExpires")
    db.modify(m)
P
python=/usr/bin/python3; $python $folder/ids.py $conf
# Its own certificate names no host.
tls=$folder/private/tls
mkdir -p $tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout $tls/ca.key -out $tls/ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout $tls/key.pem -out $tls/cert.csr 2>/dev/null
echo subjectAltName=DNS:localhost > $tls/san
openssl x509 -req -in $tls/cert.csr -CA $tls/ca.pem -CAkey $tls/ca.key -CAcreateserial -days 2 -extfile $tls/san -out $tls/cert.pem 2>/dev/null
chmod 600 $tls/*.pem
samba -i -M single -s $conf </dev/null >$folder/samba.log 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null' EXIT
n=0; while ! $python -c "import socket;socket.create_connection(('127.0.0.1',636),1)" 2>/dev/null; do n=$((n+1)); [ $n -gt 150 ] && break; sleep 0.2; done
set +e
HALLPASS_SAMBA=$folder "$@"
