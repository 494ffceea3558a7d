//! A district's list of opt-outs as it is served, and whether its file is still the one that was read.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patron::CardRules;
use roster::{Generation, GenerationId, IdentityKey, OptOutMark, OptOuts, Row, Store};

use crate::District;

/// Those who have opted out of a district.
#[derive(Debug)]
pub struct OptedOut {
    file: PathBuf,
    stamp: Option<Stamp>,
    /// The rules that its lines were read by, and the roster that knows earlier numbers.
    cards: CardRules,
    generation: Option<GenerationId>,
    list: OptOuts,
    trouble: Option<String>,
}

/// What tells one file from the one that replaced it: inode, length, seconds and nanoseconds of the last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u64, u64, i64, i64);

impl Stamp {
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self(metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
    }
}

impl OptedOut {
    /// The list of a district that has one: `before`, where its file and its rules are as they were, or read again.
    pub(crate) fn of(
        store: &Store,
        identity: Option<&IdentityKey>,
        district: &District,
        (cards, generation): (&CardRules, Option<&Generation>),
        before: Option<&Arc<Self>>,
    ) -> Result<Option<Arc<Self>>, String> {
        let Some(file) = &district.opt_out_file else { return Ok(None) };
        if let Some(before) = before
            && before.file == *file
            && before.cards == *cards
            && before.generation == generation.map(Generation::id)
            && before.was_read_at(Stamp::of(file))
        {
            return Ok(Some(Arc::clone(before)));
        }
        let identity = identity.ok_or("the key of its marks cannot be read")?;
        // Before the file is read: what changes meanwhile is read again.
        let stamp = Stamp::of(file);
        let keyring = store.keyring();
        let today = |space: &str, id: &str| {
            let generation = generation?;
            let index = keyring.find(generation.key())?.row_index(space, id);
            match generation.row(&index) {
                Ok(Some(Row::Alias(id))) => Some(id),
                _ => None,
            }
        };
        let (list, trouble) =
            OptOuts::load(store, identity, &district.id, file, cards, &today).map_err(|trouble| trouble.to_string())?;
        let trouble = trouble.map(|trouble| trouble.to_string());
        Ok(Some(Arc::new(Self {
            file: file.clone(),
            stamp,
            cards: cards.clone(),
            generation: generation.map(Generation::id),
            list,
            trouble,
        })))
    }

    /// What is wrong with the file, though a list is served.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// How many have opted out.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nobody has.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn holds(&self, mark: &OptOutMark) -> bool {
        self.list.holds(mark)
    }

    pub(crate) fn was_read_at(&self, stamp: Option<Stamp>) -> bool {
        self.stamp == stamp
    }
}
