//! Forms as they stand on a page that is served, or in a template.

/// Fields that take any words. Whatever else can be typed is a name, a number or a code: markup in it is
/// refused.
pub(crate) const WORDS: [&str; 14] = [
    "address",
    "area",
    "cause",
    "document_no",
    "hours",
    "lines",
    "place",
    "publisher",
    "reason",
    "services",
    "source",
    "summary",
    "text",
    "title",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Anything can be typed into it.
    Typed,
    /// One of several, a number, a moment.
    Chosen,
    Hidden,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) sort: Sort,
}

impl Field {
    pub(crate) fn takes_words(&self) -> bool {
        self.sort == Sort::Typed && WORDS.contains(&self.name.as_str())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) posts: bool,
    pub(crate) action: String,
    pub(crate) fields: Vec<Field>,
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = format!(" {tag}");
    let at = tag.split(&format!(" {name}=\"")).nth(1)?;
    at.split('"').next().map(str::to_owned)
}

fn input(tag: &str) -> Option<Field> {
    let kind = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
    let sort = match kind.as_str() {
        "text" | "search" | "password" => Sort::Typed,
        "hidden" => Sort::Hidden,
        "checkbox" | "file" => return None,
        _ => Sort::Chosen,
    };
    let least = attribute(tag, "min").unwrap_or_default();
    let value = attribute(tag, "value").filter(|value| !value.is_empty());
    Some(Field {
        name: attribute(tag, "name")?,
        value: value.unwrap_or(least),
        sort,
    })
}

/// The forms of a page, or of a template.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let whole = html.split("<form ").skip(1);
    let inside = whole.map(|rest| rest.split("</form>").next().unwrap());
    inside.map(form).collect()
}

fn form(text: &str) -> Form {
    let mut tags = text.split('<');
    let head = tags.next().unwrap();
    let mut fields: Vec<Field> = Vec::new();
    for tag in tags {
        let named = |sort| Field {
            name: attribute(tag, "name").unwrap(),
            value: String::new(),
            sort,
        };
        if tag.starts_with("input ") {
            fields.extend(input(tag));
        } else if tag.starts_with("textarea ") {
            fields.push(named(Sort::Typed));
        } else if tag.starts_with("select ") {
            fields.push(named(Sort::Chosen));
        } else if let (true, Some(last)) = (tag.starts_with("option "), fields.last_mut())
            && last.value.is_empty()
        {
            last.value = attribute(tag, "value").unwrap_or_default();
        }
    }
    Form {
        posts: attribute(head, "method").as_deref() == Some("post"),
        action: attribute(head, "action").unwrap(),
        fields,
    }
}

/// A value as a page shows it.
pub(crate) fn escaped(value: &str) -> String {
    value
        .replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}
