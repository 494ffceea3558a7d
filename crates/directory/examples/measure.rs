use directory::{Directory as _, Wanted, one_roster_csv::find};
use std::path::Path;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let birth = std::env::args().nth(2).is_none();
    let t = std::time::SystemTime::now();
    let mut b = find(Path::new(&path)).unwrap().unwrap();
    let wanted = Wanted { id: patron::IdSource::Identifier, birth_date: birth, pin_column: None, name: false, email: false, today: jiff::civil::date(2026,11,23) };
    let mut n = 0u64; let mut births = 0u64;
    let r = b.read(&wanted, &mut |p| { n += p.id.len() as u64; births += u64::from(p.birth_date.is_some()); }).unwrap();
    let s = t.elapsed().unwrap().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let hwm: Vec<_> = status.lines().filter(|l| l.starts_with("VmHWM")||l.starts_with("RssAnon")||l.starts_with("RssFile")).map(|l| l.replace('\t'," ")).collect();
    println!("{} delivered {:.3}s {:.0}/s births {births} schools {} undec {} warnings {:?} {hwm:?}", r.delivered, s, r.delivered as f64/s, r.schools.len(), r.undecodable.count, r.warnings.len());
}
