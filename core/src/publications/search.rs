//! Finding Chinese text without a dictionary: every two neighbouring characters are a term, and each
//! character alone; words of letters and digits are terms as they are. The same terms are made from
//! what is published and from what is asked, so the same SQL finds them on every engine.

use std::collections::BTreeSet;

/// Terms one search asks for at most; what comes after them narrows nothing.
pub const ASKED_MAX: usize = 8;
/// Characters of a question.
pub const QUESTION_MAX: usize = 40;
/// A longer word of letters is found by its beginning.
const WORD_MAX: usize = 24;

/// A run of characters of one sort.
enum Run {
    Signs(Vec<char>),
    Word(String),
}

/// Half-width, lower-case.
fn folded(c: char) -> impl Iterator<Item = char> {
    let half = match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        _ => c,
    };
    half.to_lowercase()
}

/// Characters that are words by themselves: Han, kana, hangul.
const fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut broken = true;
    for c in text.chars().flat_map(folded) {
        if is_sign(c) {
            match runs.last_mut() {
                Some(Run::Signs(signs)) if !broken => signs.push(c),
                _ => runs.push(Run::Signs(vec![c])),
            }
        } else if c.is_alphanumeric() {
            match runs.last_mut() {
                Some(Run::Word(word)) if !broken => word.push(c),
                _ => runs.push(Run::Word(c.to_string())),
            }
        } else {
            broken = true;
            continue;
        }
        broken = false;
    }
    runs
}

fn word(text: &str) -> String {
    text.chars().take(WORD_MAX).collect()
}

fn pairs(signs: &[char]) -> impl Iterator<Item = String> + '_ {
    signs.windows(2).map(|pair| pair.iter().collect())
}

/// Every term that finds these texts.
#[must_use]
pub fn terms_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for text in texts {
        for run in runs(text) {
            match run {
                Run::Word(text) => {
                    terms.insert(word(&text));
                }
                Run::Signs(signs) => {
                    terms.extend(signs.iter().map(char::to_string));
                    terms.extend(pairs(&signs));
                }
            }
        }
    }
    terms
}

/// What a question asks for: all of these terms at once. Empty when nothing in it can be found.
#[must_use]
pub fn asked(question: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for run in runs(question) {
        match run {
            Run::Word(text) => terms.push(word(&text)),
            Run::Signs(signs) if signs.len() == 1 => {
                terms.extend(signs.iter().map(char::to_string))
            }
            Run::Signs(signs) => terms.extend(pairs(&signs)),
        }
    }
    let mut seen = BTreeSet::new();
    terms.retain(|term| seen.insert(term.clone()));
    terms.truncate(ASKED_MAX);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbours_are_terms_and_punctuation_parts_them() {
        assert_eq!(asked("停电公告"), ["停电", "电公", "公告"]);
        assert_eq!(asked("停电，公告"), ["停电", "公告"]);
        assert_eq!(asked("电"), ["电"]);
        assert_eq!(asked("ＡＰＰ下载 95598"), ["app", "下载", "95598"]);
        assert_eq!(asked("，。 "), Vec::<String>::new());
        assert_eq!(asked("停电停电"), ["停电", "电停"]);
        assert_eq!(asked(&"一二三四五六七八九十".repeat(3)).len(), ASKED_MAX);
    }

    fn finds(question: &str, text: &str) -> bool {
        let terms = terms_of([text]);
        asked(question).iter().all(|term| terms.contains(term))
    }

    #[test]
    fn what_is_asked_is_found_where_it_stands() {
        let text = "自 2026 年 11 月起，居民阶梯电价分三档执行（APP 可查）。";
        for question in ["阶梯电价", "居民 三档", "app", "2026年", "价"] {
            assert!(finds(question, text), "{question}");
        }
        for question in ["阶梯气价", "四档", "ap"] {
            assert!(!finds(question, text), "{question}");
        }
    }

    proptest! {
        #[test]
        fn any_part_of_a_text_finds_it(text in "[停电公告阶梯价格，。 a-c0-2]{1,40}", from in 0_usize..40, length in 1_usize..12) {
            let part: String = text.chars().skip(from).take(length).collect();
            // A word that was cut in two is another word.
            let cut = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            prop_assume!(!cut(part.chars().next()) && !cut(part.chars().next_back()));
            prop_assert!(finds(&part, &text), "{part} in {text}");
        }
    }
}
