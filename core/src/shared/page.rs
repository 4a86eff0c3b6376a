//! Lists are read a page at a time; the cursor is the last key seen (signed at the edge).

/// How much of a list is asked for. `limit` is 1..=100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    limit: i64,
    after: Option<String>,
}

impl Page {
    pub const LIMIT_MAX: i64 = 100;
    pub const LIMIT_DEFAULT: i64 = 20;

    /// `None` when the limit is outside 1..=100.
    #[must_use]
    pub fn new(limit: Option<i64>, after: Option<String>) -> Option<Self> {
        let limit = limit.unwrap_or(Self::LIMIT_DEFAULT);
        (1..=Self::LIMIT_MAX)
            .contains(&limit)
            .then_some(Self { limit, after })
    }

    /// As much as one page takes, from the beginning.
    #[must_use]
    pub const fn widest() -> Self {
        Self {
            limit: Self::LIMIT_MAX,
            after: None,
        }
    }

    #[must_use]
    pub const fn limit(&self) -> i64 {
        self.limit
    }

    /// The sort key of the last row of the page before.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

/// One page of rows; `next` is the key to continue after, absent on the last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl<T> Slice<T> {
    /// Cuts rows read with `limit + 1` down to the page.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, page: &Page, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }
}
