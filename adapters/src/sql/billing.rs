//! Figures read from the utility and kept with their age.

use lifeline_core::billing::ports::{FigureReads, FigureStore};

use super::statement::statements;
use super::{Conn, Sql, WriteConn};

statements! { "billing": }

impl<C: Conn> FigureReads for Sql<C> {}

impl<C: WriteConn> FigureStore for Sql<C> {}
