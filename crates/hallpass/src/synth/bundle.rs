//! Where a bundle's files go: loose into a folder, or into one archive.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{ARCHIVE, Packing};

/// So much is handed on at once.
const BUFFER: usize = 1 << 16;

/// Above so many rows a file may reach 4 GiB, where an archive needs the fields of ZIP64.
const ROWS_OF_A_LARGE_FILE: u64 = 10_000_000;

/// A bundle that is being written. Nothing is overwritten: the folder may be one that a real district fills.
pub(super) enum Bundle {
    Folder(PathBuf),
    Zip { archive: Box<ZipWriter<File>>, options: SimpleFileOptions },
}

/// One CSV file of a bundle.
pub(super) type Table<'a> = csv::Writer<&'a mut dyn Write>;

impl Bundle {
    /// Begins a bundle whose longest file has so many rows.
    pub(super) fn create(folder: &Path, packing: Packing, rows: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        match packing {
            Packing::Folder => Ok(Self::Folder(folder.to_owned())),
            Packing::Zip => {
                // The date is always the same one (1980): the same seed gives the same bytes.
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Deflated)
                    .compression_level(Some(1))
                    .last_modified_time(DateTime::default())
                    .large_file(rows > ROWS_OF_A_LARGE_FILE);
                Ok(Self::Zip { archive: Box::new(ZipWriter::new(create_new(&folder.join(ARCHIVE))?)), options })
            }
        }
    }

    /// Writes one file.
    pub(super) fn file(&mut self, name: &str, fill: impl FnOnce(&mut Table<'_>) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Folder(folder) => fill_table(&mut create_new(&folder.join(name))?, fill),
            Self::Zip { archive, options } => {
                archive.start_file(name, *options)?;
                fill_table(archive, fill)
            }
        }
    }

    /// Ends the bundle.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Zip { archive, .. } => archive.finish().map(drop).map_err(io::Error::from),
        }
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    File::create_new(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn fill_table(out: &mut dyn Write, fill: impl FnOnce(&mut Table<'_>) -> io::Result<()>) -> io::Result<()> {
    // RFC 4180 ends lines with CR LF.
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).buffer_capacity(BUFFER).from_writer(out);
    fill(&mut table)?;
    table.flush()
}
