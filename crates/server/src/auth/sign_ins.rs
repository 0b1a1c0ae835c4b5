//! How often one address may try keys that are wrong.
//!
//! Keys are too long to guess; this keeps a client that tries from filling the log and the database
//! with work, and makes it visible. Each address has a few attempts, and gets them back one by one.
//! An attempt that succeeds costs nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The attempts of recent addresses.
#[derive(Debug)]
pub(crate) struct SignIns {
    limits: SignInLimits,
    /// When each address will have all its attempts again, in monotonic time.
    recovered: Mutex<HashMap<IpAddr, Duration>>,
}

/// Limits of signing in.
#[derive(Clone, Copy, Debug)]
pub struct SignInLimits {
    /// Failed attempts that an address has at once.
    pub attempts_max: u32,
    /// Time until an address has one more.
    pub refill: Duration,
    /// Most addresses that are remembered; beyond it those nearest to having all their attempts
    /// are forgotten.
    pub addresses_max: usize,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self { attempts_max: 10, refill: Duration::from_secs(6), addresses_max: 10_000 }
    }
}

impl SignIns {
    pub(crate) fn new(limits: SignInLimits) -> Self {
        Self { limits, recovered: Mutex::default() }
    }

    /// Takes one attempt, or says how long until there is one.
    pub(crate) fn take(&self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let SignInLimits { attempts_max, refill, addresses_max } = self.limits;
        let mut recovered = self.lock();
        let key = key(address);
        let next = recovered.get(&key).map_or(now, |at| (*at).max(now)) + refill;
        let latest = now + refill * attempts_max;
        if next > latest {
            return Err(next.saturating_sub(latest));
        }
        if !recovered.contains_key(&key) && recovered.len() >= addresses_max {
            forget(&mut recovered, now);
        }
        recovered.insert(key, next);
        Ok(())
    }

    /// Gives an attempt back: it was none.
    pub(crate) fn give_back(&self, address: IpAddr) {
        if let Some(at) = self.lock().get_mut(&key(address)) {
            *at = at.saturating_sub(self.limits.refill);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Duration>> {
        self.recovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: for all that have their attempts again, else for the one that will have them first.
fn forget(recovered: &mut HashMap<IpAddr, Duration>, now: Duration) {
    let before = recovered.len();
    recovered.retain(|_, at| *at > now);
    if recovered.len() == before {
        let first = recovered.iter().min_by_key(|(_, at)| **at).map(|(address, _)| *address);
        first.and_then(|address| recovered.remove(&address));
    }
}

/// One network of IPv6 is one client: it has more addresses than anybody could remember.
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
