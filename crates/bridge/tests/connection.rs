//! One connection over a pipe, under a paused clock: deadlines, order, limits, drain.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bridge::connection::{Connection, End};
use bridge::log_writer::LogWriter;
use bridge::logins::Known;
use bridge::metrics::Closed;
use bridge::service::Service;
use bridge::sip::session::Session;
use bytes::BytesMut;
use roster::{Store, key_file};
use site::Site;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_util::sync::CancellationToken;

const MAIN: &str = r#"
data-dir = "data"
key-file = "key"
[library]
name = "Example"
institution-id = "EPL"
time-zone = "America/New_York"
[[listener]]
protocol = "sip2"
address = "127.0.0.1:0"
client = "catalogue"
"#;
const DISTRICT: &str = r#"
name = "Example"
[card]
id = "identifier"
pattern = "[0-9]{7}"
[pin]
scheme = "birth-date"
format = "MMDD"
"#;

struct Desk {
    _folder: TempDir,
    service: Arc<Service>,
    draining: CancellationToken,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("hallpass.toml", MAIN);
        write("districts/cms.toml", DISTRICT);
        write("clients/catalogue.toml", "districts = [\"cms\"]");
        let site = Site::load_with_env(&folder.path().join("hallpass.toml"), []).unwrap().site;
        key_file::generate(&site.key_file, None).unwrap();
        let keyring = Arc::new(key_file::load(&site.key_file, None).unwrap());
        let store = Store::open(&site.data_dir, keyring).unwrap();
        let service = Service::open(Arc::new(site), store, LogWriter::start(std::io::sink()).unwrap()).unwrap().0;
        Self { _folder: folder, service: Arc::new(service), draining: CancellationToken::new() }
    }

    /// Connects, and is served to the end; `known` is whether the listener knows the client.
    fn connect(&self, known: bool) -> (DuplexStream, JoinHandle<End>) {
        let (ours, mut connection) = self.connection(known);
        let (service, draining) = (Arc::clone(&self.service), self.draining.clone());
        let limits = service.house().site.limits.clone();
        let served = tokio::spawn(async move {
            loop {
                if let Some(end) = connection.serve(&service, &limits, &draining).await {
                    return end;
                }
            }
        });
        (ours, served)
    }

    /// Serves it until it ends, or says that it stays.
    async fn serve(&self, connection: &mut Connection<DuplexStream>) -> Option<End> {
        let limits = self.service.house().site.limits.clone();
        connection.serve(&self.service, &limits, &self.draining).await
    }

    fn connection(&self, known: bool) -> (DuplexStream, Connection<DuplexStream>) {
        let (ours, theirs) = duplex(1 << 16);
        let peer = IpAddr::from([127, 0, 0, 1]);
        let house = self.service.house();
        let client = known.then(|| Known::admit(&self.service, house.clients.first().unwrap(), 0, peer).unwrap());
        let session = Session::new("test".into(), peer, client, None);
        (ours, Connection::new(theirs, BytesMut::new(), session))
    }
}

async fn read_line(stream: &mut DuplexStream) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\r') {
        // Of the paused clock, so at once where nobody answers.
        line.push(timeout(Duration::from_secs(3600), stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(line).unwrap()
}

fn closed_by(end: &End, cause: Closed) -> bool {
    matches!(end, End::Closed(by) if *by == cause)
}

#[tokio::test(start_paused = true)]
async fn a_known_connection_says_once_that_it_stays_and_its_session_goes_on() {
    let desk = Desk::new();
    let (mut peer, mut connection) = desk.connection(true);
    let asks = async {
        for messages in [1, 1, 6] {
            peer.write_all(&b"9900802.00\r".repeat(messages)).await.unwrap();
            for _ in 0..messages {
                assert!(read_line(&mut peer).await.starts_with("98"));
            }
        }
    };
    let (stays, ()) = tokio::join!(desk.serve(&mut connection), asks);
    assert!(stays.is_none(), "{stays:?}");
    let asks_on = async {
        peer.write_all(b"97\r").await.unwrap();
        assert!(read_line(&mut peer).await.starts_with("98"), "the last reply, from before it moved");
        for _ in 0..20 {
            peer.write_all(b"9900802.00\r").await.unwrap();
            assert!(read_line(&mut peer).await.starts_with("98"));
        }
        drop(peer);
    };
    let (end, ()) = tokio::join!(desk.serve(&mut connection), asks_on);
    assert!(matches!(end, Some(End::Peer)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_does_not_stay_however_much_they_ask() {
    let desk = Desk::new();
    let (mut peer, mut connection) = desk.connection(false);
    let asks = async move {
        for _ in 0..50 {
            peer.write_all(b"9900802.00\r").await.unwrap();
            assert!(read_line(&mut peer).await.starts_with("98"));
        }
    };
    let (end, ()) = tokio::join!(desk.serve(&mut connection), asks);
    assert!(matches!(end, Some(End::Peer)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_closed_five_seconds_after_its_first() {
    let desk = Desk::new();
    let (mut stream, served) = desk.connect(true);
    sleep(Duration::from_secs(100)).await;
    let first = Instant::now();
    let drip = tokio::spawn(async move {
        while stream.write_all(b"6").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let end = served.await.unwrap();
    assert!(closed_by(&end, Closed::FrameTime), "{end:?}");
    // The half-close waits up to a second for what the peer still sends.
    let took = first.elapsed();
    assert!(took >= Duration::from_secs(5) && took <= Duration::from_millis(6100), "{took:?}");
    drip.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_ten_minutes_and_a_ping_keeps_it() {
    let desk = Desk::new();
    let (mut stream, served) = desk.connect(true);
    for _ in 0..3 {
        sleep(Duration::from_secs(7 * 60)).await;
        stream.write_all(b"9900802.00\r").await.unwrap();
        assert!(read_line(&mut stream).await.starts_with("98"));
    }
    let last = Instant::now();
    assert!(closed_by(&served.await.unwrap(), Closed::Idle));
    assert!(last.elapsed() >= Duration::from_secs(600) && last.elapsed() < Duration::from_secs(602));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_is_closed_after_thirty_seconds_whatever_else_they_send() {
    let desk = Desk::new();
    let (mut stream, served) = desk.connect(false);
    let start = Instant::now();
    let chatter = tokio::spawn(async move {
        while stream.write_all(b"9900802.00\r").await.is_ok() {
            sleep(Duration::from_secs(2)).await;
        }
    });
    assert!(closed_by(&served.await.unwrap(), Closed::LoginTime));
    assert!(start.elapsed() >= Duration::from_secs(30) && start.elapsed() < Duration::from_secs(32));
    chatter.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let desk = Desk::new();
    let (mut stream, _served) = desk.connect(true);
    // The first and the second are captures of reference/sip2.md 5.1.
    let requests =
        "9900802.00AY1AZFCA0\r35202611230000165425AOMAIN|AA1001|AC|AD1234|AY2AZF3ED\r\r\n9900802.00AY3AZFC9E\r";
    stream.write_all(requests.as_bytes()).await.unwrap();
    let lines = [read_line(&mut stream).await, read_line(&mut stream).await, read_line(&mut stream).await];
    assert!(lines[0].starts_with("98") && lines[0].contains("AY1AZ"), "{lines:?}");
    assert!(lines[2].starts_with("98") && lines[2].contains("AY3AZ"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_frame_over_the_limit_closes_and_what_came_before_it_is_answered() {
    let desk = Desk::new();
    let (mut stream, served) = desk.connect(true);
    stream.write_all(b"9900802.00\r").await.unwrap();
    stream.write_all(&[b'6'; 5000]).await.unwrap();
    assert!(read_line(&mut stream).await.starts_with("98"));
    assert!(closed_by(&served.await.unwrap(), Closed::FrameTooLong));
}

#[tokio::test(start_paused = true)]
async fn drain_ends_an_idle_connection_at_once_and_lets_a_frame_be_finished() {
    let desk = Desk::new();
    let (_idle, idle_served) = desk.connect(true);
    let (mut busy, busy_served) = desk.connect(true);
    busy.write_all(b"99008").await.unwrap();
    advance(Duration::from_millis(10)).await;
    desk.draining.cancel();
    assert!(matches!(idle_served.await.unwrap(), End::Drained));
    busy.write_all(b"02.00\r").await.unwrap();
    assert!(read_line(&mut busy).await.starts_with("98"));
    assert!(matches!(busy_served.await.unwrap(), End::Drained));
}
