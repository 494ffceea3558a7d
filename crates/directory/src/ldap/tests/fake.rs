//! A server that misbehaves as no real one can be made to: fixed answers, on loopback.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{Security, Server};

/// Message 1: bound.
pub(super) const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

/// An answer to one request.
#[derive(Clone)]
pub(super) enum Answer {
    /// These bytes.
    Say(Vec<u8>),
    /// Nothing, and the connection stays open.
    Nothing,
    /// These bytes, and then the connection is closed.
    SayAndClose(Vec<u8>),
}

/// Serves each connection with these answers, the last of them again and again; and how many connections there were.
pub(super) fn serve(answers: Vec<Answer>) -> (Server, Arc<AtomicUsize>) {
    serve_each(vec![answers])
}

/// Likewise, with answers for each connection in turn, the last of them for all that follow.
pub(super) fn serve_each(answers: Vec<Vec<Answer>>) -> (Server, Arc<AtomicUsize>) {
    let (server, begun, _) = listen(answers);
    (server, begun)
}

/// Likewise; and how many connections are open on which something was asked.
pub(super) fn serve_counting(answers: Vec<Answer>) -> (Server, Arc<AtomicUsize>) {
    let (server, _, open) = listen(vec![answers]);
    (server, open)
}

fn listen(answers: Vec<Vec<Answer>>) -> (Server, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server =
        Server { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port(), security: Security::Plain };
    let [begun, open] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (count, now) = (Arc::clone(&begun), Arc::clone(&open));
    // It ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let turn = count.fetch_add(1, Ordering::SeqCst);
            let answers = answers.get(turn).or(answers.last()).unwrap().clone();
            let now = Arc::clone(&now);
            thread::spawn(move || {
                let stream = stream.unwrap();
                drop(stream.peek(&mut [0]));
                now.fetch_add(1, Ordering::SeqCst);
                converse(stream, &answers);
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (server, begun, open)
}

fn converse(mut stream: TcpStream, answers: &[Answer]) {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answers = answers.iter();
    let mut last = None;
    let mut request = [0; 4096];
    // Whatever comes in one piece is one request: the client waits for its answer.
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        last = answers.next().or(last);
        match last {
            Some(Answer::Say(bytes)) if stream.write_all(&numbered(bytes, &request)).is_ok() => {}
            Some(Answer::SayAndClose(bytes)) => {
                drop(stream.write_all(&numbered(bytes, &request)));
                drop(stream.shutdown(Shutdown::Both));
                return;
            }
            Some(Answer::Nothing) => {}
            _ => return,
        }
    }
}

/// The answer with the request's number in place of its own, message by message; what is no message stays as it is.
fn numbered(answer: &[u8], request: &[u8]) -> Vec<u8> {
    // A request of 128 bytes or more has its number behind the bytes of its length.
    let wide = usize::from(request[1] & 0x80 != 0) * usize::from(request[1] & 0x7f);
    let number = &request[2 + wide..][..2 + usize::from(request[3 + wide])];
    let (mut bytes, mut rest) = (Vec::new(), answer);
    while let [0x30, length, 0x02, 0x01, _, ..] = *rest
        && let Some((message, others)) = rest.split_at_checked(2 + usize::from(length))
    {
        bytes.extend(element(0x30, &[number, &message[5..]].concat()));
        rest = others;
    }
    [&bytes, rest].concat()
}

/// A message with this operation.
pub(super) fn message(operation: &[u8], controls: &[u8]) -> Vec<u8> {
    let content = [b"\x02\x01\x00", operation, controls].concat();
    element(0x30, &content)
}

pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80, "the short form ends at 127 bytes");
    [&[tag, length], content].concat()
}

/// An entry of an ID.
pub(super) fn entry(dn: &str, id: &str) -> Vec<u8> {
    let values = element(0x31, &element(0x04, id.as_bytes()));
    let attribute = element(0x30, &[element(0x04, b"employeeID"), values].concat());
    message(&element(0x64, &[element(0x04, dn.as_bytes()), element(0x30, &attribute)].concat()), b"")
}

/// The end of a search with a result, and where the next page begins.
pub(super) fn done(code: u8, cookie: &[u8]) -> Vec<u8> {
    let paged = element(0x30, &[element(0x02, &[0]), element(0x04, cookie)].concat());
    let control = element(0x30, &[element(0x04, b"1.2.840.113556.1.4.319"), element(0x04, &paged)].concat());
    message(&[b"\x65\x07\x0a\x01", &[code][..], b"\x04\x00\x04\x00"].concat(), &element(0xa0, &control))
}
