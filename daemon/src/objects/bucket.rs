//! A bucket that speaks S3.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey as Setting};
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};

use super::{OpenError, name, reason};

/// How long a connection may take: less than a third of what an object may, so that a lost packet is not the end.
const CONNECT_LIMIT: &str = "3s";

/// How long one request may take, with all that it carries: what is left of an object's time after a quick refusal.
const REQUEST_LIMIT: &str = "12s";

/// What is tried again, and when: a connection that was refused or broke, and what the service itself calls passing. A service that starts anew comes back
/// later than that; whoever puts tries again then.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(5) }
}

/// Sets up the bucket of `s3://bucket/prefix`, and tells the prefix.
pub(super) fn open(url: &str, settings: AmazonS3Builder) -> Result<(AmazonS3, String), OpenError> {
    let (bucket, below) = address(url).ok_or(OpenError::Address)?;
    if !names_somebody(&settings) {
        return Err(OpenError::NoCredentials);
    }
    let client = |key, value: &str| (Setting::Client(key), value.to_owned());
    let mut ours = vec![
        client(ClientConfigKey::ConnectTimeout, CONNECT_LIMIT),
        client(ClientConfigKey::Timeout, REQUEST_LIMIT),
        // One request for each to delete, many under way at once: of a thousand in one request Garage deletes one after another, for longer than any
        // request may take; and not every service knows such requests.
        (Setting::DisableBulkDelete, "true".to_owned()),
    ];
    let endpoint = [Setting::S3Endpoint, Setting::Endpoint].iter().find_map(|key| settings.get_config_value(key));
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http:")) {
        if !is_on(&settings, Setting::Client(ClientConfigKey::AllowHttp)) {
            return Err(OpenError::PlainHttp);
        }
        // Nobody shows a certificate there, and a small machine may have none to check one with.
        ours.push(client(ClientConfigKey::NoSystemCertificates, "true"));
    }
    let settings = ours.into_iter().fold(settings, |settings, (key, value)| settings.with_config(key, value));
    let store = settings.with_bucket_name(bucket).with_retry(retries()).build();
    Ok((store.map_err(|error| OpenError::Bucket(reason::words(&error)))?, below.to_owned()))
}

/// The bucket and the prefix that an address names; the prefix may be empty.
fn address(url: &str) -> Option<(&str, &str)> {
    let path = url.strip_prefix("s3://")?;
    let (bucket, below) = path.split_once('/').unwrap_or((path, ""));
    let below = below.strip_suffix('/').unwrap_or(below);
    ((3..=63).contains(&bucket.len()) && name::is_part(bucket) && (below.is_empty() || name::is_name(below))).then_some((bucket, below))
}

/// Whether the settings say as whom to ask. Where they do not, the library would ask an address of the cloud's own, which on most machines is nobody's.
fn names_somebody(settings: &AmazonS3Builder) -> bool {
    const SOMEBODY: [Setting; 6] = [
        Setting::AccessKeyId,
        Setting::SecretAccessKey,
        Setting::WebIdentityTokenFile,
        Setting::ContainerCredentialsRelativeUri,
        Setting::ContainerCredentialsFullUri,
        Setting::MetadataEndpoint,
    ];
    SOMEBODY.iter().any(|key| settings.get_config_value(key).is_some()) || is_on(settings, Setting::SkipSignature)
}

/// Whether a setting is switched on, in any of the ways in which the library lets it be.
fn is_on(settings: &AmazonS3Builder, key: Setting) -> bool {
    settings.get_config_value(&key).is_some_and(|value| ["1", "true", "on", "yes", "y"].contains(&value.to_ascii_lowercase().as_str()))
}

#[test]
fn an_address_names_a_bucket_and_what_lies_above_the_objects() {
    for (url, parts) in [
        ("s3://mail", Some(("mail", ""))),
        ("s3://mail/", Some(("mail", ""))),
        ("s3://mail/box", Some(("mail", "box"))),
        ("s3://mail.example/box/1/", Some(("mail.example", "box/1"))),
        ("s3://", None),
        ("s3:///box", None),
        ("s3://ma", None),
        ("s3://Mail/box", None),
        ("s3://key:secret@mail/box", None),
        ("s3://mail//box", None),
        ("s3://mail/../box", None),
        ("https://mail/box", None),
        ("mail", None),
    ] {
        assert_eq!(address(url), parts, "{url:?}");
    }
}
