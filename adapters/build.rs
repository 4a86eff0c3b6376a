//! The migrations are compiled in: a new or changed file rebuilds the crate.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
