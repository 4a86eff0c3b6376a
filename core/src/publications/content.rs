//! What a publication says: a title, a summary, blocks of plain text, and the facts of its kind.

use serde::{Deserialize, Serialize};

use super::kind::{Facts, Kind};
use crate::shared::ids::PictureId;
use crate::shared::text::{self, Fault, faults_in};

/// How many blocks a text has at most, and how many points a list.
pub const BLOCKS_MAX: usize = 120;
pub const POINTS_MAX: usize = 40;
/// All its text together, in characters.
pub const CHARACTERS_MAX: usize = 20_000;

/// One piece of a text, shown by the page in its own way. There is no other markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    Heading {
        text: String,
    },
    Paragraph {
        text: String,
    },
    /// Points without an order.
    List {
        items: Vec<String>,
    },
    /// One after the other.
    Steps {
        items: Vec<String>,
    },
    Link {
        text: String,
        url: String,
    },
    /// `alt` says what it shows to those who cannot see it.
    Picture {
        picture_id: String,
        alt: String,
    },
}

impl Block {
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Heading { text } | Self::Paragraph { text } | Self::Link { text, .. } => {
                vec![text]
            }
            Self::List { items } | Self::Steps { items } => {
                items.iter().map(String::as_str).collect()
            }
            Self::Picture { alt, .. } => vec![alt],
        }
    }

    fn faults(&self, at: usize) -> Vec<Fault> {
        let field = format!("blocks[{at}]");
        let most = match self {
            Self::Paragraph { .. } => text::PARAGRAPH_MAX,
            Self::List { .. } | Self::Steps { .. } => text::SUMMARY_MAX,
            Self::Heading { .. } | Self::Link { .. } | Self::Picture { .. } => text::LINE_MAX,
        };
        let each = |text| faults_in(&field, text, 1, most);
        let mut faults: Vec<Fault> = self.texts().into_iter().flat_map(each).collect();
        match self {
            Self::List { items } | Self::Steps { items }
                if !(1..=POINTS_MAX).contains(&items.len()) =>
            {
                faults.push(Fault::new(&field, "count"));
            }
            Self::Link { url, .. } if !text::is_link(url) => {
                faults.push(Fault::new(&field, "link"))
            }
            Self::Picture { picture_id, .. } if PictureId::parse(picture_id).is_err() => {
                faults.push(Fault::new(&field, "picture"));
            }
            _ => {}
        }
        faults
    }
}

/// What an edition says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub title: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub blocks: Vec<Block>,
    pub facts: Facts,
}

impl Content {
    /// What is wrong with it as a publication of `kind`, field by field.
    #[must_use]
    pub fn faults(&self, kind: Kind) -> Vec<Fault> {
        let mut faults = faults_in("title", &self.title, 1, text::TITLE_MAX);
        faults.extend(faults_in("summary", &self.summary, 0, text::SUMMARY_MAX));
        if self.blocks.len() > BLOCKS_MAX {
            faults.push(Fault::new("blocks", "count"));
        }
        for (at, block) in self.blocks.iter().enumerate().take(BLOCKS_MAX) {
            faults.extend(block.faults(at));
        }
        if self.characters() > CHARACTERS_MAX {
            faults.push(Fault::new("blocks", "length"));
        }
        if self.facts.belong_to(kind) {
            faults.extend(self.facts.faults());
        } else {
            faults.push(Fault::new("facts", "kind"));
        }
        let fits = |id: &&str| PictureId::parse(id).is_ok();
        if !self.facts.pictures().iter().all(fits) {
            faults.push(Fault::new("facts", "picture"));
        }
        faults
    }

    fn characters(&self) -> usize {
        let texts = self.blocks.iter().flat_map(Block::texts);
        texts.map(|text| text.chars().count()).sum()
    }

    /// Everything of it that a search finds.
    #[must_use]
    pub fn searched(&self) -> Vec<&str> {
        let mut found = vec![self.title.as_str(), self.summary.as_str()];
        found.extend(self.blocks.iter().flat_map(Block::texts));
        found.extend(self.facts.searched());
        found
    }

    /// The pictures it shows.
    #[must_use]
    pub fn pictures(&self) -> Vec<PictureId> {
        let in_text = self.blocks.iter().filter_map(|block| match block {
            Block::Picture { picture_id, .. } => Some(picture_id.as_str()),
            _ => None,
        });
        let all = in_text.chain(self.facts.pictures());
        all.filter_map(|id| PictureId::parse(id).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publications::kind::Article;

    fn content(blocks: Vec<Block>) -> Content {
        Content {
            title: "如何看懂电费账单".into(),
            summary: String::new(),
            blocks,
            facts: Facts::Article(Article::default()),
        }
    }

    fn paragraph(length: usize) -> Block {
        Block::Paragraph {
            text: "电".repeat(length),
        }
    }

    #[test]
    fn limits_hold_at_both_ends() {
        let fits = |blocks| content(blocks).faults(Kind::News).is_empty();
        assert!(fits(vec![paragraph(text::PARAGRAPH_MAX)]));
        assert!(!fits(vec![paragraph(text::PARAGRAPH_MAX + 1)]));
        assert!(fits(vec![paragraph(1); BLOCKS_MAX]));
        assert!(!fits(vec![paragraph(1); BLOCKS_MAX + 1]));
        assert!(fits(vec![paragraph(2_000); CHARACTERS_MAX / 2_000]));
        let mut blocks = vec![paragraph(2_000); CHARACTERS_MAX / 2_000];
        blocks.push(paragraph(1));
        assert!(!fits(blocks));
        let points = |n| Block::List {
            items: vec!["x".into(); n],
        };
        assert!(fits(vec![points(POINTS_MAX)]));
        assert!(!fits(vec![points(POINTS_MAX + 1)]) && !fits(vec![points(0)]));
    }

    #[test]
    fn a_block_that_names_no_picture_or_a_bad_address_is_named() {
        let said = content(vec![
            paragraph(1),
            Block::Link {
                text: "x".into(),
                url: "javascript:alert(1)".into(),
            },
            Block::Picture {
                picture_id: "../etc".into(),
                alt: "x".into(),
            },
        ])
        .faults(Kind::Faq);
        assert_eq!(
            said,
            [
                Fault::new("blocks[1]", "link"),
                Fault::new("blocks[2]", "picture")
            ]
        );
    }

    #[test]
    fn facts_of_another_kind_are_refused() {
        assert_eq!(
            content(Vec::new()).faults(Kind::App),
            [Fault::new("facts", "kind")]
        );
    }

    #[test]
    fn a_block_is_written_as_the_contract_says_and_nothing_else_is_read() {
        let block: Block =
            serde_json::from_str(r#"{"kind": "steps", "items": ["打开", "付款"]}"#).unwrap();
        assert!(matches!(block, Block::Steps { .. }));
        for bad in [
            r#"{"kind": "html", "text": "<b>"}"#,
            r#"{"kind": "paragraph", "text": "x", "style": "y"}"#,
        ] {
            assert!(serde_json::from_str::<Block>(bad).is_err(), "{bad}");
        }
    }
}
