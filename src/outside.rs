//! Builds the adapters to the outside world from the configuration.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::alipay::{Alipay, AlipayConfig, AlipayMode};
use lifeline_adapters::exchange::ExchangeLine;
use lifeline_adapters::generation::GenerationLine;
use lifeline_adapters::marketing::Marketing;
use lifeline_adapters::sms::SmsLine;
use lifeline_adapters::user_system::UserSystemLine;
use lifeline_adapters::wire::{Address, CallRules, ChannelSignatures, LineKeys};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::config::{Channel, Config};
use crate::failure::Failure;
use crate::serve::Kind;

/// The systems outside, as the ports of `core` see them.
pub(crate) struct Outside {
    pub(crate) alipay: Arc<Alipay>,
    /// The app's certificate that every call to Alipay names, PEM as it was read; none by bare keys.
    pub(crate) app_certificate: Option<Vec<u8>>,
    pub(crate) marketing: Arc<Marketing>,
    pub(crate) sms: Arc<SmsLine>,
    pub(crate) user_system: Arc<UserSystemLine>,
    pub(crate) generation: Arc<GenerationLine>,
    pub(crate) exchange: Arc<ExchangeLine>,
    /// Who signed what comes to the callback zone.
    pub(crate) signatures: Arc<ChannelSignatures>,
}

impl Outside {
    /// Checks keys and addresses; touches no network.
    pub(crate) fn build(
        config: &Config,
        kind: Kind,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        let address = |section: &str, url: &str| {
            Address::parse(url, kind.is_demo())
                .map_err(|error| Failure::failed(format!("{section}: {error}")))
        };
        let breaker = config.breaker.rules();
        let rules = |deadline_ms| CallRules {
            deadline: Duration::from_millis(deadline_ms),
            breaker,
        };
        let (alipay, app_certificate) =
            alipay(config, address, rules(config.alipay.deadline_ms), clock)?;
        let marketing = Marketing::new(
            address("marketing.base_url", &config.marketing.base_url)?,
            line_keys("marketing", &config.marketing)?,
            rules(config.marketing.deadline_ms),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
        .map_err(|error| Failure::failed(format!("marketing: {error}")))?;
        let sms = SmsLine::new(
            address("sms.base_url", &config.sms.base_url)?,
            line_keys("sms", &config.sms)?,
            config.notices.sign_name.clone(),
            rules(config.sms.deadline_ms),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
        .map_err(|error| Failure::failed(format!("sms: {error}")))?;
        let user_system = UserSystemLine::new(
            address("user_system.base_url", &config.user_system.base_url)?,
            line_keys("user_system", &config.user_system)?,
            rules(config.user_system.deadline_ms),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
        .map_err(|error| Failure::failed(format!("user_system: {error}")))?;
        let generation = GenerationLine::new(
            address("generation.base_url", &config.generation.base_url)?,
            line_keys("generation", &config.generation)?,
            rules(config.generation.deadline_ms),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
        .map_err(|error| Failure::failed(format!("generation: {error}")))?;
        let exchange = ExchangeLine::new(
            address("exchange.base_url", &config.exchange.base_url)?,
            line_keys("exchange", &config.exchange)?,
            rules(config.exchange.deadline_ms),
            Arc::clone(clock),
            Arc::clone(entropy),
        )
        .map_err(|error| Failure::failed(format!("exchange: {error}")))?;
        Ok(Self {
            signatures: Arc::new(signatures(config, clock)?),
            alipay: Arc::new(alipay),
            app_certificate,
            marketing: Arc::new(marketing),
            sms: Arc::new(sms),
            user_system: Arc::new(user_system),
            generation: Arc::new(generation),
            exchange: Arc::new(exchange),
        })
    }
}

/// Alipay, and the app's certificate as it was read for it.
fn alipay(
    config: &Config,
    address: impl Fn(&str, &str) -> Result<Address, Failure>,
    rules: CallRules,
    clock: &Arc<dyn Clock>,
) -> Result<(Alipay, Option<Vec<u8>>), Failure> {
    let alipay = &config.alipay;
    let (app_private_key, mode) = alipay.read()?;
    let app_certificate = match &mode {
        AlipayMode::Certificates(files) => Some(files.app.clone()),
        AlipayMode::Key(_) => None,
    };
    let pages = alipay.page_url.as_deref();
    let via = alipay.via();
    let content_key = alipay.content_key_base64.as_ref();
    let built = AlipayConfig {
        gateway: address("alipay.gateway_url", &alipay.gateway_url)?,
        pages: pages
            .map(|url| address("alipay.page_url", url))
            .transpose()?,
        via: via.map_err(|error| Failure::failed(format!("alipay.proxy: {error}")))?,
        authorize_page: address("alipay.authorize_url", &alipay.authorize_url)?,
        app_id: alipay.app_id.clone(),
        seller_id: alipay.seller_id.clone(),
        notify_url: format!(
            "{}/v1/callbacks/alipay",
            config.listeners.callback.public_base
        ),
        app_private_key,
        mode,
        content_key: content_key.map(|key| Zeroizing::new(key.expose_secret().to_owned())),
        encrypts_calls: alipay.encrypt_calls,
        rules,
    };
    let built = Alipay::new(built, Arc::clone(clock))
        .map_err(|error| Failure::failed(format!("alipay: {error}")))?;
    Ok((built, app_certificate))
}

/// The systems that speak to us sign with the secrets with which we speak to them.
fn signatures(config: &Config, clock: &Arc<dyn Clock>) -> Result<ChannelSignatures, Failure> {
    let sms = line_keys("sms", &config.sms)?;
    let marketing = line_keys("marketing", &config.marketing)?;
    Ok(ChannelSignatures::new(sms, marketing, Arc::clone(clock)))
}

fn line_keys(section: &str, channel: &Channel) -> Result<LineKeys, Failure> {
    LineKeys::parse(
        &channel.channel_id,
        channel.secret_hex.expose_secret(),
        channel.field_key_hex.expose_secret(),
    )
    .map_err(|error| Failure::failed(format!("{section}: {error}")))
}
