//! Floor 0: the small types every capability speaks. Knows no capability.

pub mod cluster;
pub mod deadline;
pub mod decision;
pub mod draw;
pub mod energy;
pub mod gcra;
pub mod guard;
pub mod ids;
pub mod money;
pub mod outside;
pub mod page;
pub mod period;
pub mod personal;
pub mod place;
pub mod text;
pub mod time;
