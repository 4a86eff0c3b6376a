//! What the utility reserved when a generator was connected to the grid, and whether what somebody
//! typed agrees with it. Agreement is judged on digests, every field each time, so that neither the
//! time nor the work tells which field was wrong, or whether there is such a generator.

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use super::account::{FeedIn, GenerationAccount};
use super::table::Identity;
use crate::settlement::ids::GenerationNo;
use crate::shared::outside::NoAnswer;
use crate::shared::personal::{Address, ConsumerNo};

/// The reserve of one generator. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct Reserve {
    pub generation_no: GenerationNo,
    /// The number under which the place takes power.
    pub grid_user_no: ConsumerNo,
    pub address: Address,
    pub identity: Identity,
    pub feed_in: FeedIn,
    pub settlement_day: i64,
    /// Rises with every renewed contract.
    pub contract_version: i64,
    /// False once the utility has ended the cooperation.
    pub in_force: bool,
}

impl std::fmt::Debug for Reserve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Reserve]")
    }
}

/// The grid-connection data of the utility.
#[async_trait]
pub trait GridConnections: Send + Sync {
    /// The reserve of a generator; `None` when there is none of this number.
    async fn reserved(&self, generation_no: &GenerationNo) -> Result<Option<Reserve>, NoAnswer>;
}

impl Reserve {
    /// Whether it names this person as the holder; where they are paid is another question.
    fn names(&self, person: &Identity) -> bool {
        let holder = &self.identity;
        all(&[
            same(holder.name.expose(), person.name.expose()),
            same(holder.id_no.expose(), person.id_no.expose()),
        ])
    }
}

/// Whether what an account sold may be paid to this person. A later contract than the account's names whoever sells
/// now, and of one that is over there may be no reserve any more: what was sold before stays its seller's.
#[must_use]
pub(in crate::settlement) fn is_holder(
    reserve: Option<&Reserve>,
    account: &GenerationAccount,
    payee: &Identity,
) -> bool {
    match reserve {
        None => !account.state.is_live(),
        Some(reserve) => {
            reserve.contract_version > account.contract_version || reserve.names(payee)
        }
    }
}

/// What an owner types.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    pub generation_no: GenerationNo,
    pub grid_user_no: ConsumerNo,
    pub address: Address,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Registration]")
    }
}

/// How a text is compared: without blanks around and between, which people type as they like.
fn digest(text: &str) -> [u8; 32] {
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    Sha256::digest(bare.as_bytes()).into()
}

/// Whether two texts are the same; looks at all of both.
fn same(one: &str, other: &str) -> bool {
    let pairs = digest(one).into_iter().zip(digest(other));
    pairs.fold(0_u8, |seen, (a, b)| seen | (a ^ b)) == 0
}

/// Whether all hold; looks at each.
fn all(parts: &[bool]) -> bool {
    parts.iter().fold(true, |seen, part| seen & part)
}

/// What is compared when there is no reserve: nothing agrees with it.
const NOBODY: [&str; 3] = ["\u{1}nobody", "\u{1}nobody", "\u{1}nobody"];

impl Registration {
    /// The reserve, if it runs under a contract newer than `after` and agrees in every field.
    #[must_use]
    pub fn agreed<'r>(&self, reserve: Option<&'r Reserve>, after: i64) -> Option<&'r Reserve> {
        let [no, user, address] = reserve.map_or(NOBODY, |reserve| {
            [
                reserve.generation_no.expose(),
                reserve.grid_user_no.expose(),
                reserve.address.expose(),
            ]
        });
        let agree = all(&[
            same(self.generation_no.expose(), no),
            same(self.grid_user_no.expose(), user),
            same(self.address.expose(), address),
        ]);
        reserve.filter(|reserve| agree & reserve.in_force & (reserve.contract_version > after))
    }
}

/// An identity as it was decrypted, unparsed: only its agreement with the reserve makes it one.
pub struct Claimed<'a> {
    pub name: &'a str,
    pub id_no: &'a str,
    pub trading_account: &'a str,
}

impl std::fmt::Debug for Claimed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Claimed]")
    }
}

impl Claimed<'_> {
    /// The identity, if the reserve of the account's running contract says the same.
    #[must_use]
    pub fn agreed(
        &self,
        reserve: Option<&Reserve>,
        account: &GenerationAccount,
    ) -> Option<Identity> {
        let [name, id_no, card] = reserve.map_or(NOBODY, |reserve| {
            [
                reserve.identity.name.expose(),
                reserve.identity.id_no.expose(),
                reserve.identity.trading_account.expose(),
            ]
        });
        let agree = all(&[
            same(self.name, name),
            same(&self.id_no.to_ascii_uppercase(), id_no),
            same(self.trading_account, card),
        ]);
        let running = |reserve: &&Reserve| {
            reserve.in_force & (reserve.contract_version == account.contract_version)
        };
        let found = reserve.filter(running).filter(|_| agree);
        found.map(|reserve| reserve.identity.clone())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::settlement::accounts::account::GenerationState;
    use crate::settlement::ids::TradingAccount;
    use crate::shared::ids::TypedId as _;
    use crate::shared::personal::{IdNo, PersonName};
    use crate::shared::time::Time;

    pub(in crate::settlement::accounts) fn reserve() -> Reserve {
        Reserve {
            generation_no: GenerationNo::parse("1504990020061").unwrap(),
            grid_user_no: ConsumerNo::parse("1504010020066").unwrap(),
            address: Address::from_store("赤峰市红山区 8 号".to_owned()),
            identity: Identity {
                name: PersonName::parse("赵磊").unwrap(),
                id_no: IdNo::parse("15049919900101009X").unwrap(),
                trading_account: TradingAccount::parse("6217000000000000005").unwrap(),
            },
            feed_in: FeedIn::Surplus,
            settlement_day: 15,
            contract_version: 1,
            in_force: true,
        }
    }

    fn typed() -> Registration {
        Registration {
            generation_no: GenerationNo::parse("1504990020061").unwrap(),
            grid_user_no: ConsumerNo::parse("1504010020066").unwrap(),
            address: Address::from_store(" 赤峰市红山区8号".to_owned()),
        }
    }

    pub(in crate::settlement::accounts) fn account() -> GenerationAccount {
        GenerationAccount {
            generation_account_id: crate::settlement::ids::GenerationAccountId::made("g".into()),
            account_id: crate::shared::ids::AccountId::made("a".into()),
            generation_no: None,
            feed_in: FeedIn::Surplus,
            settlement_day: 15,
            contract_version: 1,
            state: GenerationState::Keyed,
            termination_asked_at: None,
            created_at: Time::from_micros(0),
            next_at: None,
            ended_at: None,
            version: 1,
        }
    }

    #[test]
    fn pv_03_a_registration_agrees_in_every_field_or_not_at_all() {
        let there = reserve();
        assert!(typed().agreed(Some(&there), 0).is_some());
        assert!(typed().agreed(None, 0).is_none());
        let mut other = typed();
        other.grid_user_no = ConsumerNo::parse("1504010020067").unwrap();
        assert!(other.agreed(Some(&there), 0).is_none());
        let mut other = typed();
        other.address = Address::from_store("赤峰市红山区9号".to_owned());
        assert!(other.agreed(Some(&there), 0).is_none());
        let ended = Reserve {
            in_force: false,
            ..reserve()
        };
        assert!(typed().agreed(Some(&ended), 0).is_none());
    }

    #[test]
    fn pv_13_activation_needs_a_newer_contract() {
        let there = reserve();
        assert!(typed().agreed(Some(&there), 1).is_none());
        let renewed = Reserve {
            contract_version: 2,
            ..reserve()
        };
        assert!(typed().agreed(Some(&renewed), 1).is_some());
    }

    /// Trap f: that it decrypts shows who has the key, not who they are.
    #[test]
    fn pv_08_an_identity_is_one_only_if_the_reserve_says_the_same() {
        let there = reserve();
        let claim = |name, id_no, trading_account| {
            let claimed = Claimed {
                name,
                id_no,
                trading_account,
            };
            claimed.agreed(Some(&there), &account()).is_some()
        };
        let (name, id_no, card) = ("赵磊", "15049919900101009x", "6217 0000 0000 0000 005");
        assert!(claim(name, id_no, card));
        assert!(!claim("赵雷", id_no, card));
        assert!(!claim(name, "150499199001010014", card));
        assert!(!claim(name, id_no, "6217000000000000013"));
        let claimed = Claimed {
            name,
            id_no,
            trading_account: card,
        };
        assert!(claimed.agreed(None, &account()).is_none());
        let renewed = Reserve {
            contract_version: 2,
            ..reserve()
        };
        assert!(claimed.agreed(Some(&renewed), &account()).is_none());
    }

    #[test]
    fn pv_27_the_payee_is_whom_the_reserve_of_the_contract_names() {
        let (there, payee) = (reserve(), reserve().identity);
        let is_paid = |said: Option<&Reserve>| is_holder(said, &account(), &payee);
        assert!(is_paid(Some(&there)));
        let elsewhere = Identity {
            trading_account: TradingAccount::parse("6217000000000000013").unwrap(),
            ..reserve().identity
        };
        assert!(is_holder(Some(&there), &account(), &elsewhere));
        let mut renamed = reserve();
        renamed.identity.name = PersonName::parse("赵雷").unwrap();
        assert!(!is_paid(Some(&renamed)));
        let mut namesake = reserve();
        namesake.identity.id_no = IdNo::parse("150499199001010014").unwrap();
        assert!(!is_paid(Some(&namesake)));
        renamed.contract_version = 2;
        assert!(is_paid(Some(&renamed)), "who sells under the next contract");
        assert!(!is_paid(None));
        let ending = GenerationAccount {
            state: GenerationState::Terminating,
            ..account()
        };
        assert!(is_holder(None, &ending, &payee));
    }

    #[test]
    fn nothing_of_a_reserve_is_printable() {
        let shown = format!("{:?} {:?}", reserve(), typed());
        assert!(!shown.contains("0061") && !shown.contains('赵') && !shown.contains("赤峰"));
    }
}
