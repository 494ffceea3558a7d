//! A report as a picture: bars of who used it, ever and in the period, each in front of who may.
//!
//! Nothing is told by colour alone: the bars differ by their pattern, what is withheld is hatched and says so, and every
//! bar has its number beside it and, for readers of screens, a title.

use std::fmt::Write as _;

use crate::report::figures::Level;
use crate::report::sheet::{Count, Row, Sheet, grouped};

const WIDTH: f64 = 960.0;
/// Where bars begin and end; numbers stand behind them.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 800.0;
/// Where the column of eligible people ends.
const COLUMN: f64 = 940.0;
const TOP: f64 = 150.0;
const ROW: f64 = 46.0;
const HEADING: f64 = 34.0;
const BAR: f64 = 15.0;
/// How wide a bar is drawn that is withheld: it says nothing.
const HATCHED: f64 = 26.0;
/// Letters of a name that fit before the bars.
const LETTERS: usize = 30;

const DEFINITIONS: &str = r##"<defs>
<pattern id="period" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><rect width="3" height="6" fill="#b45309"/></pattern>
<pattern id="withheld" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="7" height="7" fill="#fff"/><path d="M0 0L7 7M7 0L0 7" stroke="#555" stroke-width="1"/></pattern>
</defs>
<style>text{font-family:system-ui,"DejaVu Sans",Arial,sans-serif;font-size:13px;fill:#1a1a1a}.title{font-size:20px;font-weight:bold}.small{font-size:12px;fill:#444}.heading{font-weight:bold}.may{fill:#eef1f4;stroke:#6b7280}.ever{fill:#1e4e8c}.period{fill:url(#period);stroke:#b45309}.withheld{fill:url(#withheld);stroke:#555;stroke-dasharray:3 2}.grid{stroke:#d5d9de}.axis{stroke:#444}.goal{stroke:#1a1a1a;stroke-width:2.5}</style>
"##;

/// The report as an SVG document.
pub fn write(sheet: &Sheet) -> String {
    let mut chart = Chart { body: String::new(), y: TOP, scale: Scale::of(sheet) };
    let rows_begin = chart.y;
    for row in &sheet.rows {
        match (row.level, sheet.by) {
            // All districts would dwarf the others: they stand in the words above.
            (Level::All, _) => {}
            (Level::District, Some(_)) => chart.heading(sheet, row),
            (Level::District, None) | (Level::Part(_), _) => chart.row(sheet, row),
        }
    }
    let (end, height) = (chart.y, chart.y + 60.0);
    let mut out = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n",
        escaped(&title(sheet)),
        escaped(&description(sheet))
    );
    out.push_str(DEFINITIONS);
    let _ = writeln!(out, "<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>");
    head(&mut out, sheet);
    axis(&mut out, &chart.scale, rows_begin, end);
    out.push_str(&chart.body);
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"20\" y=\"{}\">Withheld: fewer than 10 people, or a count from which so few could be \
         worked out. Each person is counted once in a period.</text>",
        end + 44.0
    );
    out.push_str("</svg>\n");
    out
}

fn title(sheet: &Sheet) -> String {
    format!("{}: use by {}, {}", sheet.library, sheet.by_name(), sheet.period_words())
}

fn description(sheet: &Sheet) -> String {
    let all = sheet.rows.first().map(|row| totals(sheet, row)).unwrap_or_default();
    format!("All districts: {all}. Enrolled and eligible as of {}.", sheet.as_of)
}

fn totals(sheet: &Sheet, row: &Row) -> String {
    let [eligible, ever, used] = [row.eligible, row.ever_anywhere(), row.used_anywhere()].map(words);
    format!("eligible: {eligible}; used ever: {ever}; used in {}: {used}", sheet.period)
}

fn words(count: Count) -> String {
    count.map_or("withheld".to_owned(), grouped)
}

/// Title, totals and legend.
fn head(out: &mut String, sheet: &Sheet) {
    let _ = writeln!(out, "<text class=\"title\" x=\"20\" y=\"34\">{}</text>", escaped(&title(sheet)));
    let _ = writeln!(out, "<text x=\"20\" y=\"58\">{}</text>", escaped(&description(sheet)));
    let used = format!("used in {}", sheet.period);
    let keys = [("may", "eligible", 20.0), ("ever", "used ever", 140.0), ("period", used.as_str(), 270.0)];
    for (class, text, x) in keys.into_iter().chain([("withheld", "withheld", 450.0)]) {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"76\" width=\"26\" height=\"14\"/><text x=\"{}\" y=\"88\">{}</text>",
            x + 34.0,
            escaped(text)
        );
    }
    if sheet.by.is_none() && sheet.rows.iter().any(|row| row.goal.is_some()) {
        let _ =
            writeln!(out, "<path class=\"goal\" d=\"M570 74V92\"/><text x=\"580\" y=\"88\">goal for used ever</text>");
    }
}

fn axis(out: &mut String, scale: &Scale, begin: f64, end: f64) {
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {begin}V{end}\"/><text class=\"small\" x=\"{x:.1}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>",
            begin - 8.0,
            grouped(tick)
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"{LEFT}\" y=\"{0}\">people</text><text class=\"small\" x=\"{COLUMN}\" y=\"{1}\" \
         text-anchor=\"end\">eligible</text><path class=\"axis\" d=\"M{LEFT} {begin}V{end}\"/>",
        begin - 26.0,
        begin - 8.0
    );
}

struct Chart {
    body: String,
    y: f64,
    scale: Scale,
}

impl Chart {
    /// A district above its parts.
    fn heading(&mut self, sheet: &Sheet, row: &Row) {
        let _ = writeln!(
            self.body,
            "<rect x=\"10\" y=\"{}\" width=\"{}\" height=\"22\" fill=\"#fff\"/><text class=\"heading\" x=\"20\" \
             y=\"{}\">{}</text>",
            self.y + 6.0,
            WIDTH - 20.0,
            self.y + 22.0,
            escaped(&format!("{} ({})", row.name, totals(sheet, row)))
        );
        self.y += HEADING;
    }

    fn row(&mut self, sheet: &Sheet, row: &Row) {
        let top = self.y + 6.0;
        let _ = writeln!(
            self.body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}<title>{}</title></text>",
            LEFT - 10.0,
            top + BAR + 5.0,
            escaped(&shortened(&row.name)),
            escaped(&row.name)
        );
        if let Some(eligible) = row.eligible {
            let _ = writeln!(
                self.body,
                "<rect class=\"may\" x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\"><title>{}: {} eligible</title></rect>",
                self.scale.width(eligible),
                2.0 * BAR + 4.0,
                escaped(&row.name),
                grouped(eligible)
            );
        }
        let _ = writeln!(
            self.body,
            "<text class=\"small\" x=\"{COLUMN}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            top + BAR + 5.0,
            words(row.eligible)
        );
        self.bar(row, "ever", row.ever_anywhere(), "used it ever", top + 1.0);
        self.bar(row, "period", row.used_anywhere(), &format!("used it in {}", sheet.period), top + BAR + 3.0);
        if let (Some(goal), None) = (row.goal, sheet.by) {
            let by = goal.by.map(|day| format!(" by {day}")).unwrap_or_default();
            let _ = writeln!(
                self.body,
                "<path class=\"goal\" d=\"M{:.1} {}v{}\"><title>{}: goal {}{by}</title></path>",
                self.scale.x(goal.cards),
                top - 3.0,
                BAR + 6.0,
                escaped(&row.name),
                grouped(goal.cards)
            );
        }
        self.y += ROW;
    }

    fn bar(&mut self, row: &Row, class: &str, count: Count, what: &str, y: f64) {
        let (class, width, text) = match count {
            Some(people) => (class, self.scale.width(people), grouped(people)),
            None => ("withheld", HATCHED, "withheld".to_owned()),
        };
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"><title>{}: {} {what}</title>\
             </rect><text class=\"small\" x=\"{:.1}\" y=\"{}\" style=\"paint-order:stroke\" stroke=\"#fff\" \
             stroke-width=\"3\">{text}</text>",
            escaped(&row.name),
            words(count),
            LEFT + width + 6.0,
            y + BAR - 3.0
        );
    }
}

/// People to the width of a bar.
struct Scale {
    most: u64,
    step: u64,
}

impl Scale {
    fn of(sheet: &Sheet) -> Self {
        let drawn = sheet.rows.iter().filter(|row| match row.level {
            Level::All => false,
            Level::District => sheet.by.is_none(),
            Level::Part(_) => true,
        });
        let goal = |row: &Row| row.goal.filter(|_| sheet.by.is_none()).map(|goal| goal.cards);
        let counts = drawn.flat_map(|row| [row.eligible, row.ever_anywhere(), row.used_anywhere(), goal(row)]);
        let most = counts.flatten().max().unwrap_or_default().max(10);
        // About five steps of 1, 2 or 5 and noughts.
        let mut tens = 1_u64;
        while tens.saturating_mul(50) < most {
            tens = tens.saturating_mul(10);
        }
        let step = [1, 2, 5, 10].map(|times| times * tens).into_iter().find(|step| step * 5 >= most);
        Self { most, step: step.unwrap_or(tens * 10) }
    }

    fn ticks(&self) -> impl Iterator<Item = u64> {
        (0..).map(|number| number * self.step).take_while(|tick| *tick <= self.most)
    }

    #[expect(clippy::cast_precision_loss, reason = "a tenth of a pixel is fine enough for a bar")]
    fn width(&self, people: u64) -> f64 {
        (RIGHT - LEFT) * people as f64 / self.most as f64
    }

    fn x(&self, people: u64) -> f64 {
        LEFT + self.width(people)
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LETTERS - 1).collect();
    format!("{}…", kept.trim_end())
}

/// For text and for attributes. Control characters went before.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
