//! Blocks as lines of text, for a form that has one box: what is typed there becomes blocks, and
//! blocks become what can be typed on.
//!
//! | a line that begins with | is |
//! |---|---|
//! | `# ` | a heading |
//! | `- ` | a point; points that follow each other are one list |
//! | `1. ` (any number) | a step; likewise |
//! | `=> words \| https://…` | a link |
//! | `!! id \| words` | a picture, with what it shows |
//! | anything else | a paragraph, to the next empty line |
//!
//! Nothing else is markup: a `<` is a `<`.

use super::content::Block;

/// The blocks of what was typed.
#[must_use]
pub fn read(typed: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut broken = true;
    for line in typed.lines().map(str::trim) {
        if line.is_empty() {
            broken = true;
            continue;
        }
        match (special(line), blocks.last_mut()) {
            (Some(Block::List { items }), Some(Block::List { items: before })) if !broken => {
                before.extend(items);
            }
            (Some(Block::Steps { items }), Some(Block::Steps { items: before })) if !broken => {
                before.extend(items);
            }
            (Some(block), _) => blocks.push(block),
            (None, Some(Block::Paragraph { text })) if !broken => {
                text.push('\n');
                text.push_str(line);
            }
            (None, _) => blocks.push(Block::Paragraph {
                text: line.to_owned(),
            }),
        }
        broken = false;
    }
    blocks
}

fn special(line: &str) -> Option<Block> {
    let own = |text: &str| text.trim().to_owned();
    if let Some(text) = line.strip_prefix("# ") {
        return Some(Block::Heading { text: own(text) });
    }
    if let Some(item) = line.strip_prefix("- ") {
        let items = vec![own(item)];
        return Some(Block::List { items });
    }
    if let Some((words, url)) = line
        .strip_prefix("=> ")
        .and_then(|rest| rest.rsplit_once('|'))
    {
        return Some(Block::Link {
            text: own(words),
            url: own(url),
        });
    }
    if let Some((id, words)) = line
        .strip_prefix("!! ")
        .and_then(|rest| rest.split_once('|'))
    {
        return Some(Block::Picture {
            picture_id: own(id),
            alt: own(words),
        });
    }
    let (number, item) = line.split_once(". ")?;
    let counted = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    counted.then(|| Block::Steps {
        items: vec![own(item)],
    })
}

/// What is typed to have these blocks.
#[must_use]
pub fn write(blocks: &[Block]) -> String {
    let each = |block: &Block| match block {
        Block::Heading { text } => format!("# {text}"),
        Block::Paragraph { text } => text.clone(),
        Block::List { items } => numbered(items, |_| "- ".to_owned()),
        Block::Steps { items } => numbered(items, |at| format!("{at}. ")),
        Block::Link { text, url } => format!("=> {text} | {url}"),
        Block::Picture { picture_id, alt } => format!("!! {picture_id} | {alt}"),
    };
    blocks.iter().map(each).collect::<Vec<_>>().join("\n\n")
}

fn numbered(items: &[String], mark: impl Fn(usize) -> String) -> String {
    let line = |(at, item): (usize, &String)| format!("{}{item}", mark(at.saturating_add(1)));
    items
        .iter()
        .enumerate()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_typed_becomes_blocks() {
        let typed = "# 停电前\n请先关闭电器。\n再拔插头。\n\n- 电梯\n- 水泵\n\n1. 打开\n2. 付款\n=> 原文 | https://a.example.cn/x\n!! 019a | 电表";
        let kinds: Vec<String> = read(typed)
            .iter()
            .map(|block| serde_json::to_value(block).unwrap()["kind"].to_string())
            .collect();
        assert_eq!(
            kinds,
            [
                "\"heading\"",
                "\"paragraph\"",
                "\"list\"",
                "\"steps\"",
                "\"link\"",
                "\"picture\""
            ]
        );
        assert_eq!(write(&read(&write(&read(typed)))), write(&read(typed)));
    }

    #[test]
    fn markup_of_others_is_text() {
        let typed = "<script>alert(1)</script>";
        assert_eq!(
            read(typed),
            [Block::Paragraph {
                text: typed.to_owned()
            }]
        );
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_so_that_it_reads_the_same(typed in "([#!=>|0-9. <a\u{7535}-]|\n){0,60}") {
            let blocks = read(&typed);
            let whole = |block: &Block| !matches!(block, Block::Link { text, .. } if text.contains('|'));
            prop_assume!(blocks.iter().all(whole));
            prop_assert_eq!(write(&read(&write(&blocks))), write(&blocks));
        }
    }
}
