//! placeholder: the relay loop is written with the store
