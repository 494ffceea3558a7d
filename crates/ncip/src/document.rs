//! A message as elements, in the order in which they stand.

use zeroize::Zeroizing;

/// A whole message.
pub(crate) struct Document<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// The prefix of the root; `""`: none.
    pub(crate) prefix: &'a str,
    /// The root's `version`, however it is qualified.
    pub(crate) version: Option<&'a str>,
    /// The namespace that the root declares, the first of several.
    pub(crate) namespace: Option<&'a str>,
    /// Whether a DOCTYPE stood before the root.
    pub(crate) doctype: bool,
}

/// One element.
pub(crate) struct Node<'a> {
    pub(crate) name: &'static str,
    pub(crate) text: Content<'a>,
    /// Its `Scheme` attribute.
    pub(crate) scheme: Option<&'a str>,
    /// Where the nodes after it and its children begin.
    pub(crate) end: usize,
}

/// The text in an element. Where it is in pieces it is put together, and wiped when dropped: it may be a PIN.
#[derive(Default)]
pub(crate) enum Content<'a> {
    #[default]
    None,
    Whole(&'a str),
    Pieces(Zeroizing<String>),
}

impl<'a> Content<'a> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::None => "",
            Self::Whole(text) => text,
            Self::Pieces(text) => text,
        }
    }

    /// Appends text as it stands in the message.
    pub(crate) fn append(&mut self, piece: &'a str) {
        match self {
            // Blanks before a text, or between elements: nothing.
            Self::None if piece.trim_ascii().is_empty() => {}
            Self::None => *self = Self::Whole(piece),
            Self::Whole(_) | Self::Pieces(_) => self.append_made(piece),
        }
    }

    /// Appends text that does not stand in the message. Growing leaves nothing behind: the old text is wiped.
    pub(crate) fn append_made(&mut self, piece: &str) {
        match self {
            Self::Pieces(text) if text.capacity() - text.len() >= piece.len() => text.push_str(piece),
            _ => {
                let old = self.as_str();
                let mut text = Zeroizing::new(String::with_capacity((old.len() + piece.len()) * 2));
                text.push_str(old);
                text.push_str(piece);
                *self = Self::Pieces(text);
            }
        }
    }
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'d> {
    nodes: &'d [Node<'d>],
    at: usize,
}

impl<'d> Element<'d> {
    /// The root.
    pub(crate) fn root(document: &'d Document<'_>) -> Self {
        Self { nodes: &document.nodes, at: 0 }
    }

    fn node(self) -> Option<&'d Node<'d>> {
        self.nodes.get(self.at)
    }

    /// Its name; `""`: one that means nothing to us.
    pub(crate) fn name(self) -> &'static str {
        self.node().map_or("", |node| node.name)
    }

    /// The text in it, without the blanks around it.
    pub(crate) fn text(self) -> &'d str {
        self.node().map_or("", |node| node.text.as_str()).trim_ascii()
    }

    /// The children, in order.
    pub(crate) fn children(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.node().map_or(0, |node| node.end);
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let child = Element { nodes: self.nodes, at: next };
            let node = child.node().filter(|_| next < end)?;
            next = node.end.max(next + 1);
            Some(child)
        })
    }

    /// The first child of a name.
    pub(crate) fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.name() == name)
    }

    /// What an enumerated value says: the text in version 2, the child `Value` in version 1.
    pub(crate) fn value(self) -> &'d str {
        self.child("Value").map_or_else(|| self.text(), Element::text)
    }

    /// The scheme of an enumerated value: an attribute in version 2, the child `Scheme` in version 1.
    pub(crate) fn scheme(self) -> &'d str {
        let attribute = self.node().and_then(|node| node.scheme);
        self.child("Scheme").map_or_else(|| attribute.unwrap_or_default(), Element::text)
    }

    /// Every element in it of a name.
    pub(crate) fn has_below(self, name: &str) -> bool {
        let end = self.node().map_or(0, |node| node.end);
        self.nodes.get(self.at..end).is_some_and(|nodes| nodes.iter().any(|node| node.name == name))
    }
}
