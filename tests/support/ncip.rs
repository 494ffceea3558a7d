//! NCIP as clients speak it: messages written by hand, over HTTP that is written by hand too.

use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::wire::PATIENCE;

/// An HTTP client that keeps its connection.
#[derive(Debug)]
pub struct Http<S = TcpStream> {
    stream: BufReader<S>,
}

/// What HTTP answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The first line.
    pub status: String,
    /// The header lines, in lower case.
    pub head: Vec<String>,
    /// The body.
    pub body: String,
}

impl Http {
    /// Connects.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Http<S> {
    /// HTTP over a stream, such as one of TLS.
    pub fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// Posts a message with these header lines.
    #[track_caller]
    pub fn post(&mut self, path: &str, head: &[&str], body: &str) -> HttpReply {
        let lines: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        self.send(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Length: {length}\r\n\r\n{body}"))
    }

    /// Sends bytes as they are and reads an answer.
    #[track_caller]
    pub fn send(&mut self, bytes: &str) -> HttpReply {
        // Whoever is turned away may be so before all is sent.
        let _ = self.stream.get_mut().write_all(bytes.as_bytes());
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line();
        let head: Vec<String> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
            .map(|line| line.to_lowercase())
            .collect();
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        HttpReply { status, head, body: String::from_utf8(body).unwrap() }
    }

    /// Whether the service closes the connection; one that stays open is waited for in vain.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

/// A version 2 `LookupUser` as lib-ncip-client and VuFind write it, with these elements in it.
pub fn lookup_user(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><ns1:NCIPMessage \
         xmlns:ns1=\"http://www.niso.org/2008/ncip\" \
         ns1:version=\"http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd\"><ns1:LookupUser>{}</ns1:LookupUser>\
         </ns1:NCIPMessage>",
        inner.replace("</", "\u{1}").replace('<', "<ns1:").replace('\u{1}', "</ns1:")
    )
}

/// A version 1 message of a service, with this after its header.
pub fn version_1(service: &str, inner: &str) -> String {
    let agency = |name: &str, value: &str| {
        format!("<{name}><UniqueAgencyId><Scheme>x</Scheme><Value>{value}</Value></UniqueAgencyId></{name}>")
    };
    format!(
        "<NCIPMessage version=\"http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd\"><{service}><InitiationHeader>{}{}\
         </InitiationHeader>{inner}</{service}></NCIPMessage>",
        agency("FromAgencyId", "KIOSK"),
        agency("ToAgencyId", "EPL")
    )
}

/// An `AuthenticationInput`.
pub fn input(kind: &str, data: &str) -> String {
    format!(
        "<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData><AuthenticationDataFormatType>text\
         </AuthenticationDataFormatType><AuthenticationInputType>{kind}</AuthenticationInputType></AuthenticationInput>"
    )
}

/// A `UserId`.
pub fn user_id(card: &str) -> String {
    format!("<UserId><AgencyId>EPL</AgencyId><UserIdentifierValue>{card}</UserIdentifierValue></UserId>")
}

/// Elements that are asked for.
pub fn wanted(words: &[&str]) -> String {
    words.iter().map(|word| format!("<UserElementType>{word}</UserElementType>")).collect()
}

/// The text of the first element of a local name, however it is prefixed.
pub fn text_of<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = message;
    loop {
        let (_, tag) = rest.split_once('<')?;
        let (head, after) = tag.split_once('>')?;
        let local = head.split([' ', '/']).next()?.rsplit(':').next()?;
        if local == name && !head.starts_with('/') {
            return after.split_once('<').map(|(text, _)| text);
        }
        rest = after;
    }
}
