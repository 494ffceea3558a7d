//! A district's times, also on the nights in which the clocks change.

use std::collections::BTreeSet;

use jiff::civil::Time;
use site::Quiet;

use super::*;

const NEW_YORK: &str = "America/New_York";

fn quiet(text: &str) -> Quiet {
    Quiet::parse(text).unwrap()
}

fn time(hour: i8, minute: i8) -> Time {
    Time::constant(hour, minute, 0, 0)
}

fn every(text: &str) -> Due {
    Due::Every(Duration::from_secs(text.parse::<u64>().unwrap() * 60))
}

fn schedule(due: Due, quiet_hours: &[&str], jitter: u64) -> Schedule {
    let quiet = quiet_hours.iter().map(|hours| quiet(hours)).collect();
    Schedule { due, quiet, jitter: Duration::from_secs(jitter * 60) }
}

/// What `ask` answers in New York, with the moment it is asked at and the answer as local times.
#[track_caller]
fn answers(schedule: &Schedule, now: &str, ask: impl Fn(&Timetable<'_>, Timestamp) -> Timestamp, answer: &str) {
    let zone = TimeZone::get(NEW_YORK).unwrap();
    let now: Timestamp = now.parse().unwrap();
    let found = ask(&Timetable::new(schedule, &zone, "cms"), now);
    let (local, info) = (zone.to_datetime(found), zone.to_offset_info(found));
    assert_eq!(format!("{} {}", local.strftime("%Y-%m-%d %H:%M:%S"), info.abbreviation()), answer);
}

fn began(moment: &str) -> Option<Timestamp> {
    Some(moment.parse().unwrap())
}

#[test]
fn times_of_day_are_the_librarys_and_come_in_turn() {
    let twice = schedule(Due::At(vec![time(2, 30), time(13, 0)]), &[], 0);
    // 2026-11-25 in New York is UTC-5.
    answers(&twice, "2026-11-25T07:00:00Z", |it, now| it.next(now, now), "2026-11-25 02:30:00 EST");
    answers(&twice, "2026-11-25T07:30:00Z", |it, now| it.next(now, now), "2026-11-25 13:00:00 EST");
    answers(&twice, "2026-11-25T18:00:01Z", |it, now| it.next(now, now), "2026-11-26 02:30:00 EST");
}

#[test]
fn a_time_that_the_clocks_skip_is_an_hour_later_and_comes_on_every_other_day() {
    let nightly = schedule(Due::At(vec![time(2, 30)]), &[], 0);
    answers(&nightly, "2026-03-07T07:30:00Z", |it, now| it.next(now, now), "2026-03-08 03:30:00 EDT");
    answers(&nightly, "2026-03-08T07:30:00Z", |it, now| it.next(now, now), "2026-03-09 02:30:00 EDT");
}

#[test]
fn a_time_that_the_clocks_repeat_comes_once() {
    let nightly = schedule(Due::At(vec![time(1, 30)]), &[], 0);
    answers(&nightly, "2026-11-01T04:00:00Z", |it, now| it.next(now, now), "2026-11-01 01:30:00 EDT");
    answers(&nightly, "2026-11-01T05:30:00Z", |it, now| it.next(now, now), "2026-11-02 01:30:00 EST");
    // In the second of the two hours as well.
    answers(&nightly, "2026-11-01T06:10:00Z", |it, now| it.next(now, now), "2026-11-02 01:30:00 EST");
}

#[test]
fn what_comes_due_in_quiet_hours_waits_for_their_end() {
    let hourly = schedule(every("60"), &["07:00-16:00"], 0);
    answers(&hourly, "2026-11-25T11:30:00Z", |it, now| it.next(now, now), "2026-11-25 16:00:00 EST");
    answers(&hourly, "2026-11-25T15:12:34Z", |it, now| it.not_before(now, now), "2026-11-25 16:00:00 EST");
    answers(&hourly, "2026-11-25T21:00:00Z", |it, now| it.not_before(now, now), "2026-11-25 16:00:00 EST");
    answers(&hourly, "2026-11-25T10:59:59Z", |it, now| it.next(now, now), "2026-11-25 06:59:59 EST");
}

#[test]
fn quiet_hours_one_after_the_other_are_waited_for_both() {
    let hourly = schedule(every("60"), &["07:00-16:00", "16:00-22:00", "21:30-01:15"], 0);
    answers(&hourly, "2026-11-25T12:00:00Z", |it, now| it.not_before(now, now), "2026-11-26 01:15:00 EST");
}

#[test]
fn quiet_hours_are_the_clocks_also_in_the_nights_in_which_it_changes() {
    // The hour from one to two comes twice, and is quiet twice.
    let hourly = schedule(every("10"), &["01:00-02:00"], 0);
    for now in ["2026-11-01T05:10:00Z", "2026-11-01T06:10:00Z"] {
        answers(&hourly, now, |it, now| it.not_before(now, now), "2026-11-01 02:00:00 EST");
    }
    // It ends at half past one, in each of the two.
    let half = schedule(every("10"), &["00:30-01:30"], 0);
    answers(&half, "2026-11-01T05:10:00Z", |it, now| it.not_before(now, now), "2026-11-01 01:30:00 EDT");
    answers(&half, "2026-11-01T06:10:00Z", |it, now| it.not_before(now, now), "2026-11-01 01:30:00 EST");
    // It would end in an hour that there is not.
    let skipped = schedule(every("10"), &["01:00-02:30"], 0);
    answers(&skipped, "2026-03-08T06:30:00Z", |it, now| it.not_before(now, now), "2026-03-08 03:00:00 EDT");
}

#[test]
fn a_restart_right_after_a_sync_is_no_reason_for_another() {
    let nightly = schedule(Due::At(vec![time(2, 30)]), &[], 5);
    let zone = TimeZone::get(NEW_YORK).unwrap();
    let noon = "2026-11-25T17:00:00Z".parse().unwrap();
    // When a sync began is kept in whole seconds.
    for district in ["cms", "duval", "warren", "wayne"] {
        let times = Timetable::new(&nightly, &zone, district);
        let due = times.next(noon, noon);
        let kept = Timestamp::from_second(due.as_second()).unwrap();
        assert!(times.first(Some(kept), due) > due, "{district}");
    }
}

#[test]
fn after_a_start_what_was_missed_is_due_and_what_was_done_is_not_done_again() {
    let nightly = schedule(Due::At(vec![time(2, 30)]), &["07:00-16:00"], 0);
    let noon = "2026-11-25T22:00:00Z";
    answers(&nightly, noon, |it, now| it.first(began("2026-11-24T07:30:00Z"), now), "2026-11-25 17:00:00 EST");
    answers(&nightly, noon, |it, now| it.first(began("2026-11-25T07:31:00Z"), now), "2026-11-26 02:30:00 EST");
    answers(&nightly, noon, |it, now| it.first(None, now), "2026-11-25 17:00:00 EST");
    let daily = schedule(every("1440"), &[], 0);
    answers(&daily, noon, |it, now| it.first(began("2026-11-25T07:30:00Z"), now), "2026-11-26 02:30:00 EST");
    answers(&daily, noon, |it, now| it.first(began("2026-11-23T07:30:00Z"), now), "2026-11-25 17:00:00 EST");
    answers(
        &nightly,
        "2026-11-25T17:00:00Z",
        |it, now| it.first(began("2026-11-24T07:30:00Z"), now),
        "2026-11-25 16:00:00 EST",
    );
}

#[test]
fn a_period_does_not_slip_and_what_waited_for_longer_than_it_is_not_made_up_for() {
    let hourly = schedule(every("60"), &[], 0);
    let due: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
    answers(&hourly, "2026-11-25T10:10:00Z", |it, now| it.next(due, now), "2026-11-25 06:00:00 EST");
    answers(&hourly, "2026-11-25T15:10:00Z", |it, now| it.next(due, now), "2026-11-25 11:10:00 EST");
}

#[test]
fn ten_districts_are_due_at_ten_times_within_the_bound_and_always_at_the_same() {
    let nightly = schedule(Due::At(vec![time(2, 30)]), &[], 10);
    let zone = TimeZone::UTC;
    let now: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
    let due = |id: &str| Timetable::new(&nightly, &zone, id).next(now, now);
    let names: Vec<String> = (0..10).map(|number| format!("district-{number}")).collect();
    let times: BTreeSet<Timestamp> = names.iter().map(|name| due(name)).collect();
    let (first, last) = ("2026-11-25T02:30:00Z".parse().unwrap(), "2026-11-25T02:40:00Z".parse().unwrap());
    assert!(times.iter().all(|time| (first..last).contains(time)), "{times:?}");
    let in_one_minute = |minute: i64| times.iter().filter(|time| time.as_second() / 60 == minute).count();
    assert!(times.len() == 10 && times.iter().all(|time| in_one_minute(time.as_second() / 60) <= 3), "{times:?}");
    assert_eq!(due("district-3"), due("district-3"));
}

#[test]
fn a_shift_carries_nothing_into_quiet_hours_and_spreads_what_waited_for_their_end() {
    let zone = TimeZone::UTC;
    let early = schedule(Due::At(vec![time(6, 59)]), &["07:00-16:00"], 60);
    let hourly = schedule(every("60"), &["07:00-16:00"], 10);
    let now: Timestamp = "2026-11-25T06:30:00Z".parse().unwrap();
    let mut ends = BTreeSet::new();
    for id in ["cms", "duval", "east", "grove", "hill"] {
        let due = Timetable::new(&early, &zone, id).next(now, now);
        assert_eq!(due.to_string().get(..17), Some("2026-11-25T06:59:"), "{id}");
        ends.insert(Timetable::new(&hourly, &zone, id).next(now, now));
    }
    let (first, last) = ("2026-11-25T16:00:00Z".parse().unwrap(), "2026-11-25T16:10:00Z".parse().unwrap());
    assert!(ends.len() == 5 && ends.iter().all(|end| (first..last).contains(end)), "{ends:?}");
}

#[test]
fn no_sync_begins_in_quiet_hours_whatever_is_asked_in_a_whole_year() {
    let zone = TimeZone::get(NEW_YORK).unwrap();
    let late = schedule(every("7"), &["07:00-16:00", "22:00-01:30"], 5);
    let times = Timetable::new(&late, &zone, "cms");
    let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    while now < "2027-01-01T00:00:00Z".parse().unwrap() {
        let next = times.next(now, now);
        assert!(next > now && !times.is_quiet(next), "{now} {next}");
        now = next;
    }
}
