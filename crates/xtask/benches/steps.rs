//! Where a request's time goes, step by step, over a synced roster: `cargo xtask bench steps`.
//!
//! One thread, nothing else running, no socket: what the processor time of row 1 is made of, beside the kernel's share.
#![expect(clippy::print_stdout, reason = "a bench answers on standard output")]

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use jiff::tz::TimeZone;
use patron::{Budget, CardNumber, Eligibility, Patron, Pin, PrivilegeRules, Release, Role, Verdict};
use resolver::{
    Answer, ClientKind, ClientRules, District, Guard, Moment, PinPolicy, Query, Resolved, Resolver, Rosters,
};
use roster::{Generation, Keyring, Month, Row, Store, key_file};
use sip2::{Dialect, ErrorDetection, Frame, PatronInformationResponse, Request, Response, Sequence, Trailer};
use tokio::time::Instant;

/// The most cards that are gone through.
const CARDS: usize = 1_000_000;

/// The most messages of NCIP that are held.
const NCIP_CARDS: usize = 50_000;

/// Somebody who must be admitted.
struct Known {
    card: CardNumber,
    pin: Pin,
    message: Bytes,
}

fn main() -> Result<()> {
    // cargo adds `--bench`.
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    let mut next = || arguments.next().context("run it by `cargo xtask bench steps`");
    let (site, district, answers) = (next()?, next()?, next()?);

    let known = admitted(&fs::read_to_string(answers)?);
    let keyring = Arc::new(key_file::load(&Path::new(&site).join("hallpass.key"), None)?);
    let store = Store::open(&Path::new(&site).join("data"), Arc::clone(&keyring))?;
    let generation = store.serving(&district)?.context("the district has no roster")?;
    println!("{} cards, each step alone, in a scattered order", known.len());
    sip2_steps(&known)?;
    ncip_steps(&known)?;
    roster_steps(&known, &keyring, &generation)?;
    resolve(&known, &keyring, &store, &generation, district)
}

/// Everybody who must be admitted, with the 63 that asks about them.
fn admitted(answers: &str) -> Vec<Known> {
    let known = answers.lines().filter_map(|line| {
        let (card, pin) = line.strip_suffix("\tadmit")?.split_once('\t')?;
        let text = format!("6300020261123    165424          AOEPL|AA{card}|AC|AD{pin}|AY1AZ");
        let sum = text.bytes().fold(0_u16, |sum, byte| sum.wrapping_add(byte.into()));
        let message = format!("{text}{:04X}", sum.wrapping_neg()).into();
        Some(Known { card: CardNumber::parse(card)?, pin: Pin::parse(pin)?, message })
    });
    known.take(CARDS).collect()
}

/// Runs a step for each card and prints its nanoseconds; every one must do what it is meant to.
fn step(name: &str, known: &[Known], mut work: impl FnMut(&Known) -> bool) -> Result<()> {
    let started = Instant::now();
    let done = known.iter().filter(|known| black_box(work(black_box(known)))).count();
    let each = started.elapsed().as_secs_f64() * 1e9 / known.len() as f64;
    println!("{each:>7.0} ns  {name}");
    ensure!(done == known.len(), "`{name}` failed for {} of {}", known.len() - done, known.len());
    Ok(())
}

fn sip2_steps(known: &[Known]) -> Result<()> {
    let dialect = Dialect::default();
    step("63: verify its checksum", known, |known| {
        let trailer = Trailer::of(&Frame::new(known.message.clone()), &dialect);
        trailer.checksum == sip2::Checksum::Right
    })?;
    step("63: decode", known, |known| {
        let frame = Frame::new(known.message.clone());
        matches!(Request::decode(&frame, &dialect), Ok(Request::PatronInformation(_)))
    })?;
    let mut out = BytesMut::with_capacity(512);
    let sequenced = Sequence::new(1).map_or(ErrorDetection::Off, ErrorDetection::Sequenced);
    step("64: encode, with its checksum", known, |known| {
        out.clear();
        let response = PatronInformationResponse {
            institution_id: "EPL".into(),
            patron_identifier: known.card.as_str().into(),
            personal_name: "Student".into(),
            valid_patron: Some(true),
            valid_patron_password: Some(true),
            ..Default::default()
        };
        Response::from(response).encode(&dialect, sequenced, &mut out);
        !out.is_empty()
    })
}

/// The reader and the writer of NCIP, each over a message of its own.
fn ncip_steps(known: &[Known]) -> Result<()> {
    let known = known.get(..known.len().min(NCIP_CARDS)).unwrap_or_default();
    let messages: Vec<String> = known
        .iter()
        .map(|known| {
            let asks = ncip::Asks::User { card: known.card.as_str(), pin: Some("01012010") };
            let edition = ncip::Edition::V2;
            ncip::Initiation { edition, from: Some("VENDOR"), secret: None, to: "EPL", asks }.to_text()
        })
        .collect();
    let own = ncip::Agency::new("EPL");
    let mut next = messages.iter();
    step("LookupUser: read", known, |_| next.next().is_some_and(|text| ncip::read(text.as_bytes()).is_ok()))?;
    let message = messages.first().and_then(|text| ncip::read(text.as_bytes()).ok()).context("a message")?;
    let mut out = String::with_capacity(4096);
    step("LookupUserResponse: write", known, |known| {
        out.clear();
        let fields = ncip::UserOptionalFields { visible_id: true, ..Default::default() };
        let user = ncip::User { agency: &own, identifier: known.card.as_str(), fields };
        message.answer(&ncip::Response::LookupUser(user), &own, &mut out);
        !out.is_empty()
    })
}

fn roster_steps(known: &[Known], keyring: &Keyring, generation: &Generation) -> Result<()> {
    let key = keyring.current();
    let cards = generation.header().card_rules().context("the generation's card rules")?;
    let pins = generation.header().pin_rules().context("the generation's PIN rules")?;
    let pin = pins.rules().first().context("a PIN rule")?.version();
    let space = *cards.spaces().first().context("a card rule")?;
    let month = key.pseudonym_key(Month::of(jiff::Timestamp::now()))?;
    step("row index: HMAC", known, |known| {
        black_box(key.row_index(space, known.card.as_str()));
        true
    })?;
    step("row: index, LMDB get, open, decode", known, |known| {
        let row = generation.row(&key.row_index(space, known.card.as_str()));
        matches!(row, Ok(Some(Row::Student(_))))
    })?;
    step("PIN verifier: HMAC", known, |known| {
        black_box(key.verifier(space, known.card.as_str(), &pin, &known.pin));
        true
    })?;
    step("pseudonym: HMAC and its digits", known, |known| {
        black_box(month.pseudonym(space, known.card.as_str()).hex());
        true
    })
}

/// All of it but the wire: what lies between a decoded 63 and the fields of its 64.
fn resolve(
    known: &[Known],
    keyring: &Arc<Keyring>,
    store: &Store,
    generation: &Generation,
    district: String,
) -> Result<()> {
    let district = District {
        id: district,
        cards: generation.header().card_rules().context("the generation's card rules")?,
        eligibility: Eligibility { roles: vec![Role::Student, Role::Teacher], ..Eligibility::default() },
        opt_out_file: None,
        ceiling: Release::CEILING,
        home_library: None,
        privileges: PrivilegeRules::default(),
        live: None,
    };
    let rosters = Rosters::open(store, [district].into(), None);
    let resolver = Resolver::new(Guard::new(Budget::default(), Vec::new()));
    let client = ClientRules {
        id: "client".into(),
        districts: vec![0],
        kind: ClientKind::EResource,
        pin: PinPolicy::Required,
        release: Release::CEILING,
    };
    let now = jiff::Timestamp::now();
    let month = keyring.current().pseudonym_key(Month::of(now))?;
    let now = Moment::of(now, &TimeZone::UTC);
    step("resolve: card to verdict, with guard and pseudonym", known, |known| {
        let query = Query { card: &known.card, pin: Some(&known.pin), client: &client };
        let resolved = resolver.resolve(&rosters, &query, None, now, &month);
        matches!(resolved, Resolved::Answer(Answer { verdict: Verdict::Admit(Patron { .. }), .. }))
    })
}
