//! Raw bytes over TCP.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up: far beyond what is needed on a machine that runs all tests at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A SIP2 client that knows nothing but bytes.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream =
            TcpStream::connect_timeout(&address, PATIENCE).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// The socket, for what a test does to it by itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes as they are, in one write.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the service takes what is sent");
    }

    /// The next message, without its CR.
    #[track_caller]
    pub fn line(&mut self) -> Vec<u8> {
        let due = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\r') {
                let mut line: Vec<u8> = self.received.drain(..=end).collect();
                line.pop();
                return line;
            }
            let read = self.read(due);
            assert!(read > 0, "the service closed the connection; before that: {:?}", self.text());
        }
    }

    /// Sends a message with its CR and returns the answer without.
    #[track_caller]
    pub fn ask(&mut self, message: impl AsRef<[u8]>) -> String {
        let mut bytes = message.as_ref().to_vec();
        bytes.push(b'\r');
        self.send(bytes);
        String::from_utf8_lossy(&self.line()).into_owned()
    }

    /// Waits until the service closes, and returns what it sent before.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let due = Instant::now() + PATIENCE;
        while self.read(due) > 0 {}
        std::mem::take(&mut self.received)
    }

    /// Says that nothing more will come, and returns what the service still sends until it closes too.
    #[track_caller]
    pub fn hang_up(mut self) -> Vec<u8> {
        // The service may have closed before.
        let _ = self.stream.shutdown(Shutdown::Write);
        self.rest()
    }

    /// Sends bytes, says that nothing more will come, and returns what the service sends until it closes too.
    #[track_caller]
    pub fn hang_up_after(mut self, bytes: &[u8]) -> Vec<u8> {
        // The service may have closed before.
        let _ = self.stream.write_all(bytes);
        self.hang_up()
    }

    /// Reads once; 0 at the end. A reset is an end, too.
    #[track_caller]
    fn read(&mut self, due: Instant) -> usize {
        let left = due.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "no answer within {PATIENCE:?}; so far: {:?}", self.text());
        self.stream.set_read_timeout(Some(left)).unwrap();
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(read) => {
                self.received.extend_from_slice(&bytes[..read]);
                read
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("no answer within {PATIENCE:?} ({error}); so far: {:?}", self.text()),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// The checksum of a message up to and with the letters `AZ`: four hexadecimal digits (SIP2 2.00, "Checksum").
///
/// Written from the standard, independently of the product.
pub fn checksum(through_az: &[u8]) -> String {
    let sum = through_az.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    format!("{:04X}", sum.wrapping_neg())
}

/// A message that ends in `AY` and a digit, completed with `AZ` and its checksum.
pub fn az(message: &str) -> String {
    let message = format!("{message}AZ");
    let checksum = checksum(message.as_bytes());
    message + &checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_living_systems() {
        // Vectors from logs of Civica and Corvina (reference/sip2.md 1.4).
        assert_eq!(az("941AY1"), "941AY1AZFDFC");
        assert_eq!(az("9900302.00AY2"), "9900302.00AY2AZFCA4");
        assert_eq!(az("97"), "97AZFEF5");
    }
}
