//! `hallpass demo`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use patron::BirthFormat;
use roster::key_file;
use site::Site;
use sync::Mode;

use crate::commands::serve::run_service;
use crate::failure::{Failure, INTERNAL};
use crate::synth::{Packing, Synth, Version};

/// Make up a small district and serve it: everything embedded, nothing installed.
#[derive(Args)]
pub struct Demo {
    /// Where the demonstration keeps its files; a temporary folder, removed at the end, where none is named.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The SIP2 port.
    #[arg(long, default_value_t = 6001)]
    sip2_port: u16,
    /// The NCIP port, by HTTP.
    #[arg(long, default_value_t = 6080)]
    ncip_port: u16,
    /// The port of /healthz, /readyz and /metrics.
    #[arg(long, default_value_t = 9600)]
    admin_port: u16,
}

impl Demo {
    pub fn run(self) -> Result<(), Failure> {
        let temporary = tempfile::tempdir()?;
        let folder = self.data_dir.as_deref().unwrap_or(temporary.path());
        fs::create_dir_all(folder)?;
        // The paths in the configuration and in what is printed hold from anywhere.
        let folder = &folder.canonicalize()?;
        let (inbox, answers) = (folder.join("inbox"), folder.join("answers.tsv"));
        self.write_configuration(folder)?;
        if !inbox.exists() {
            make_district(&inbox, &answers)?;
        }
        let file = folder.join("hallpass.toml");
        let loaded = Site::load(&file)?;
        if !loaded.site.key_file.exists() {
            key_file::generate(&loaded.site.key_file, None)?;
        }
        publish(&loaded.site)?;
        let cards = cards_to_try(&fs::read_to_string(&answers)?);
        let program = std::env::current_exe()?;
        run_service(loaded, |opened| {
            let [address, ncip, ..] = opened.listeners.as_slice() else { return };
            println!(
                "\nHallpass serves a made-up district over SIP2 on {address} and NCIP on {ncip}. Try, in another terminal:\n"
            );
            for (card, pin, meaning) in &cards {
                println!("  # card {card}, PIN {pin}: {meaning}");
                println!("  echo {pin} | {} probe sip2 {address} --card {card}", program.display());
                println!("  echo {pin} | {} probe ncip {ncip} --card {card}\n", program.display());
            }
            if let Some(admin) = opened.admin {
                println!("Monitoring: http://{admin}/readyz and http://{admin}/metrics");
            }
            println!("Why was a card refused?");
            if let Some((card, pin, _)) = cards.get(1) {
                let config = file.display();
                println!("  echo {pin} | {} explain {card} --client catalogue --config {config}", program.display());
            }
            println!("\nCtrl-C ends it.\n");
        })
    }

    fn write_configuration(&self, folder: &Path) -> Result<(), Failure> {
        for name in ["districts", "clients"] {
            fs::create_dir_all(folder.join(name))?;
        }
        let main = format!(
            "data-dir = \"data\"\nkey-file = \"hallpass.key\"\n\n\
             [library]\nname = \"Example Public Library\"\ninstitution-id = \"EPL\"\ntime-zone = \"America/New_York\"\n\n\
             [[listener]]\nprotocol = \"sip2\"\naddress = \"127.0.0.1:{}\"\nclient = \"catalogue\"\n\n\
             [[listener]]\nprotocol = \"ncip-http\"\naddress = \"127.0.0.1:{}\"\nclient = \"catalogue\"\n\n\
             [admin]\naddress = \"127.0.0.1:{}\"\n\n[log]\nformat = \"text\"\n",
            self.sip2_port, self.ncip_port, self.admin_port
        );
        fs::write(folder.join("hallpass.toml"), main)?;
        fs::write(
            folder.join("districts/example.toml"),
            "name = \"Example County Schools\"\nrelease = [\"name\", \"patron-type\"]\n\n\
             [card]\nid = \"identifier\"\npattern = \"[0-9]{7}\"\n\n\
             [pin]\nscheme = \"birth-date\"\nformat = \"MMDDYYYY\"\n\n\
             [eligibility]\nroles = [\"student\", \"teacher\"]\n\n\
             [privileges.student]\npatron-type = \"STUDENT\"\n[privileges.teacher]\npatron-type = \"TEACHER\"\n\n\
             [source]\nkind = \"oneroster-csv\"\npath = \"../inbox\"\nafter = \"keep\"\n",
        )?;
        fs::write(
            folder.join("clients/catalogue.toml"),
            "name = \"The library's catalogue\"\ndistricts = [\"example\"]\nrelease = [\"name\", \"patron-type\"]\n",
        )?;
        Ok(())
    }
}

fn make_district(inbox: &Path, answers: &Path) -> Result<(), Failure> {
    let synth = Synth {
        students: 2000,
        staff: 200,
        schools: 5,
        seed: 1,
        version: Version::V1p1,
        first_id: Synth::FIRST_ID,
        pin_format: BirthFormat::parse("MMDDYYYY").map_err(|error| Failure::new(INTERNAL, error))?,
        part: Synth::ALONE,
    };
    let mut file = fs::File::create(answers)?;
    synth.write(inbox, Packing::Folder, Some(&mut file), &mut |_| {})?;
    Ok(())
}

fn publish(site: &Site) -> Result<(), Failure> {
    let store = bridge::open_store(site)?;
    for (number, district) in site.districts.iter().enumerate() {
        let now = Timestamp::now();
        let today = site.library.time_zone.to_datetime(now).date();
        let (stored, looks) = (site.stored_release(number), &sync::Looks::default());
        let request = sync::Request { district, stored, mode: Mode::Manual, now, today, looks };
        sync::run(&store, &request, &|_| {})?;
    }
    Ok(())
}

/// Three cards of the answers: one that is admitted, one whose account is disabled, one with a wrong PIN.
fn cards_to_try(answers: &str) -> Vec<(String, String, &'static str)> {
    let wanted = [
        ("admit", "admitted"),
        ("disabled", "right PIN, but the district has disabled the account"),
        ("wrong-pin", "another date than the student's"),
    ];
    let mut cards: Vec<(String, String, &'static str)> = Vec::new();
    for (verdict, meaning) in wanted {
        let found = answers.lines().find_map(|line| match line.split('\t').collect::<Vec<_>>().as_slice() {
            [card, pin, told] if *told == verdict && cards.iter().all(|(shown, ..)| shown != card) => {
                Some(((*card).to_owned(), (*pin).to_owned(), meaning))
            }
            _ => None,
        });
        cards.extend(found);
    }
    cards
}
