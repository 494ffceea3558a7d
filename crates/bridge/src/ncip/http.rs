//! NCIP in HTTP, 1.0 and 1.1: POST on any path, of any content type, with or without a Host.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ncip::limits;
use site::Limits;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::connection::{self, End};
use crate::lanes;
use crate::metrics::Closed;
use crate::ncip::deadlines::{Watch, Watched};
use crate::ncip::form;
use crate::ncip::identity::Shown;
use crate::ncip::session::{Answered, Session, Status, Way};
use crate::ncip::tcp::grow;
use crate::service::Service;

/// Room for a request's head and for a piece of its body.
const BUFFER: usize = 16 << 10;
/// Header fields of a request.
const HEADERS: usize = 64;
/// Clients look for its beginning, and one for exactly this (reference/ncip.md 1.11).
const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// Serves one connection until it ends.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    session: Session,
    service: &Service,
    limits: &Limits,
    draining: &CancellationToken,
) -> End {
    let watch = Watch::new(limits, session.is_known());
    // Of one connection, so never waited for; the requests of a connection come one after the other.
    let state = Mutex::new((session, None));
    let (shared, watched) = (&state, &watch);
    // Boxed, so that the connection can be moved in the end and the stream taken out of it.
    let answers = service_fn(move |request| {
        Box::pin(async move {
            let mut state = shared.lock().await;
            let (session, closing) = &mut *state;
            let response = answer(request, session, closing, service, watched).await;
            watched.answered(session.is_known());
            // As in SIP2: the others of the lane work out their answers first, and then all are sent.
            lanes::let_others().await;
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(BUFFER)
        .max_headers(HEADERS)
        // Deadlines stand in the stream.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(Watched::new(stream, &watch)), answers);
    let drained = tokio::select! {
        // Whoever asked sees for themselves that it broke.
        _ = poll_fn(|context| connection.poll_without_shutdown(context)) => false,
        () = draining.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
            true
        }
    };
    // Where the peer still sends, closing at once would take the last answer back.
    connection::close(&mut connection.into_parts().io.into_inner()).await;
    let closing = state.lock().await.1;
    match watch.cause().or(closing) {
        Some(cause) => End::Closed(cause),
        None if drained => End::Drained,
        None => End::Peer,
    }
}

async fn answer(
    request: Request<Incoming>,
    session: &mut Session,
    closing: &mut Option<Closed>,
    service: &Service,
    watch: &Watch,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let body = match collect(body).await {
        Ok(body) => body,
        Err(code) => {
            // One that broke off is the peer's end, or a deadline's.
            *closing = (code == StatusCode::PAYLOAD_TOO_LARGE).then_some(Closed::FrameTooLong);
            return closed(status(code));
        }
    };
    watch.whole();
    let shown = if session.is_bound() { None } else { Shown::in_http(&parts, &service.house()) };
    let message = form::unwrapped(&body).unwrap_or(body);
    let answered = session.answer(service, &message, Way::Http(shown)).await;
    *closing = answered.close;
    response_of(answered)
}

fn response_of(answered: Answered) -> Response<Full<Bytes>> {
    let Answered { text, status, close } = answered;
    let mut response = Response::new(Full::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, XML);
    match status {
        Status::Answered => {}
        Status::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"NCIP\""));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        Status::Unavailable => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    if close.is_some() { closed(response) } else { response }
}

/// The whole body, within the limit of a message.
async fn collect(mut body: Incoming) -> Result<Zeroizing<Vec<u8>>, StatusCode> {
    let most = u64::try_from(limits::MESSAGE).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    // No more than it says, and not all of it before it is there: what is held is wiped, byte by byte.
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected.min(BUFFER)));
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        if bytes.len() + data.len() > limits::MESSAGE {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        grow(&mut bytes, &data);
    }
    Ok(bytes)
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}

fn closed(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
