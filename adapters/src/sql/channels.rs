//! Channels: how they are set up, what is closed in them, how they scored.

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::channels::ports::{ChannelReads, ChannelStore};
use lifeline_core::channels::{Change, Changed, ChannelRow, Closing, Score, Takes, TerminalRow};
use lifeline_core::insight::Channel;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "channels":
    ROWS("channel") = "SELECT channel, terminals, per_minute, changed_at FROM channel ORDER BY channel";
    TERMINALS("terminal") = "SELECT terminal, channel, takes, confirms, per_minute, changed_at FROM terminal ORDER BY terminal";
    GUARD("terminal") = "UPDATE terminal SET takes = $2, confirms = $3, per_minute = $4, changed_at = $5 WHERE terminal = $1";
    CLOSINGS("channel_closing") = "SELECT channel, function, reason, closed_by, closed_at FROM channel_closing \
        ORDER BY channel, function";
    SCORES("channel_score") = "SELECT channel, month, calls, answered_permille, done_permille, points, scored_at \
        FROM channel_score ORDER BY month DESC, channel LIMIT $1";
    CHANGES("channel_change") = "SELECT change_id, kind, subject, was, became, reason, changed_by, changed_at \
        FROM channel_change ORDER BY changed_at DESC, change_id DESC LIMIT $1";
    NOTE("channel_change") = "INSERT INTO channel_change (change_id, kind, subject, was, became, reason, changed_by, \
        changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SET_LIMIT("channel") = "UPDATE channel SET per_minute = $2, changed_at = $3 WHERE channel = $1";
    CLOSE("channel_closing") = "INSERT INTO channel_closing (channel, function, reason, closed_by, closed_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    REOPEN("channel_closing") = "DELETE FROM channel_closing WHERE channel = $1 AND function = $2";
    ADD_SCORE("channel_score") = "INSERT INTO channel_score (channel, month, calls, answered_permille, done_permille, \
        points, scored_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
}

fn channel(row: &Row) -> Result<ChannelRow, StoreError> {
    let words = row.text("terminals")?;
    Ok(ChannelRow {
        channel: row.parsed("channel", Channel::parse)?,
        terminals: words.split_whitespace().map(str::to_owned).collect(),
        per_minute: row.maybe_int("per_minute")?,
        changed_at: row.time("changed_at")?,
    })
}

fn terminal(row: &Row) -> Result<TerminalRow, StoreError> {
    Ok(TerminalRow {
        terminal: row.parsed("terminal", Terminal::parse)?,
        channel: row.parsed("channel", Channel::parse)?,
        takes: row.parsed("takes", Takes::parse)?,
        confirms: row.flag("confirms")?,
        per_minute: row.maybe_int("per_minute")?,
        changed_at: row.time("changed_at")?,
    })
}

fn closing(row: &Row) -> Result<Closing, StoreError> {
    Ok(Closing {
        channel: row.parsed("channel", Channel::parse)?,
        function: row.int("function")?,
        reason: row.text("reason")?,
        closed_by: row.text("closed_by")?,
        closed_at: row.time("closed_at")?,
    })
}

fn score(row: &Row) -> Result<Score, StoreError> {
    Ok(Score {
        channel: row.parsed("channel", Channel::parse)?,
        month: row.text("month")?,
        calls: row.int("calls")?,
        answered_permille: row.int("answered_permille")?,
        done_permille: row.int("done_permille")?,
        points: row.int("points")?,
        scored_at: row.time("scored_at")?,
    })
}

fn change(row: &Row) -> Result<Change, StoreError> {
    let (subject, was, became) = (row.text("subject")?, row.text("was")?, row.text("became")?);
    Ok(Change {
        change_id: row.text("change_id")?,
        changed: row.parsed("kind", |kind| Changed::parse(kind, &subject, &was, &became))?,
        reason: row.text("reason")?,
        changed_by: row.text("changed_by")?,
        changed_at: row.time("changed_at")?,
    })
}

#[async_trait]
impl<C: Conn> ChannelReads for Sql<C> {
    async fn rows(&mut self) -> Result<Vec<ChannelRow>, StoreError> {
        let rows = Self::rows(self, &ROWS, args![]).await?;
        rows.iter().map(channel).collect()
    }

    async fn terminals(&mut self) -> Result<Vec<TerminalRow>, StoreError> {
        let rows = Self::rows(self, &TERMINALS, args![]).await?;
        rows.iter().map(terminal).collect()
    }

    async fn closings(&mut self) -> Result<Vec<Closing>, StoreError> {
        let rows = Self::rows(self, &CLOSINGS, args![]).await?;
        rows.iter().map(closing).collect()
    }

    async fn scores(&mut self, limit: i64) -> Result<Vec<Score>, StoreError> {
        let rows = Self::rows(self, &SCORES, args![limit]).await?;
        rows.iter().map(score).collect()
    }

    async fn changes(&mut self, limit: i64) -> Result<Vec<Change>, StoreError> {
        let rows = Self::rows(self, &CHANGES, args![limit]).await?;
        rows.iter().map(change).collect()
    }
}

#[async_trait]
impl<C: WriteConn> ChannelStore for Sql<C> {
    async fn set_limit(
        &mut self,
        channel: Channel,
        per_minute: Option<i64>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.touched(&SET_LIMIT, args![channel.as_str(), per_minute, now])
            .await
            .map(drop)
    }

    async fn guard(&mut self, row: &TerminalRow) -> Result<(), StoreError> {
        let args = args![
            row.terminal.as_str(),
            row.takes.as_str(),
            row.confirms,
            row.per_minute,
            row.changed_at,
        ];
        self.touched(&GUARD, args).await.map(drop)
    }

    async fn note(&mut self, change: &Change) -> Result<(), StoreError> {
        let changed = &change.changed;
        let args = args![
            &change.change_id,
            changed.kind(),
            changed.subject(),
            changed.before(),
            changed.after(),
            &change.reason,
            &change.changed_by,
            change.changed_at,
        ];
        self.touched(&NOTE, args).await.map(drop)
    }

    async fn close(&mut self, closing: &Closing) -> Result<bool, StoreError> {
        let args = args![
            closing.channel.as_str(),
            closing.function,
            &closing.reason,
            &closing.closed_by,
            closing.closed_at,
        ];
        self.changed(&CLOSE, args).await
    }

    async fn reopen(&mut self, channel: Channel, function: i64) -> Result<bool, StoreError> {
        self.changed(&REOPEN, args![channel.as_str(), function])
            .await
    }

    async fn add_score(&mut self, score: &Score) -> Result<bool, StoreError> {
        let args = args![
            score.channel.as_str(),
            &score.month,
            score.calls,
            score.answered_permille,
            score.done_permille,
            score.points,
            score.scored_at,
        ];
        self.changed(&ADD_SCORE, args).await
    }
}
