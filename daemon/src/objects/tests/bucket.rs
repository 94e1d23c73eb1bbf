//! A bucket whose service refuses, is silent, or says something odd. It is played here, one answer to all that is asked.

use std::net::Ipv4Addr;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::super::OpenError;
use super::*;

/// No operation takes longer.
const LONGEST: Duration = Duration::from_secs(16);

fn settings(port: u16) -> AmazonS3Builder {
    [("aws_endpoint", format!("http://127.0.0.1:{port}").as_str()), ("aws_allow_http", "true"), ("aws_access_key_id", "id-of-the-key")]
        .into_iter()
        .fold(AmazonS3Builder::new(), |settings, (key, value)| settings.with_config(key.parse::<AmazonS3ConfigKey>().unwrap(), value))
        .with_secret_access_key("the-secret")
}

fn bucket(port: u16) -> Objects {
    Objects::bucket_as("s3://mail/box", settings(port)).unwrap()
}

/// A service that gives one answer to all; none where it is empty.
async fn service(answer: impl Into<Vec<u8>>) -> Objects {
    let answer: Vec<u8> = answer.into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut asked = vec![0; 1 << 16];
                while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read(&mut asked).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
                while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    bucket(port)
}

fn answer(status: &str, code: &str, message: &str) -> String {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message><Key>id-of-the-key</Key></Error>");
    format!("HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// What each operation comes to.
async fn refusals(objects: &Objects) -> Vec<ObjectError> {
    vec![
        objects.put("q/1", vec![1]).await.unwrap_err(),
        objects.get("q/1").await.unwrap_err(),
        objects.list("q").await.unwrap_err(),
        objects.delete(owned(&["q/1"])).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_refused_connection_is_told_in_words_and_soon() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let objects = bucket(closed.local_addr().unwrap().port());
    drop(closed);
    let begun = Instant::now();
    for refused in refusals(&objects).await {
        let told = words(&refused);
        assert!(told.contains("q") && told.contains("Connection refused"), "{told}");
    }
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_is_given_up_in_time() {
    let objects = service("").await;
    let begun = Instant::now();
    let refused = objects.get("q/1").await.unwrap_err();
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    assert!(matches!(&refused, ObjectError::Failed { source, .. } if source.kind() == std::io::ErrorKind::TimedOut), "{refused:?}");
}

#[tokio::test]
async fn an_absent_object_is_told_from_an_absent_bucket() {
    let objects = service(answer("404 Not Found", "NoSuchKey", "there is no such object")).await;
    assert_eq!(objects.get("q/1").await.unwrap(), None);
    for odd in [answer("404 Not Found", "NoSuchBucket", "no bucket"), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into()] {
        let objects = service(odd).await;
        for refused in refusals(&objects).await {
            assert!(matches!(&refused, ObjectError::Failed { .. }), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn what_a_service_says_is_repeated_in_few_words_and_no_key_with_it() {
    let objects = service(answer("403 Forbidden", "AccessDenied", &format!("not \u{1b}[1m{}", "yours ".repeat(1000)))).await;
    for refused in refusals(&objects).await {
        let told = words(&refused);
        assert!(told.contains("the bucket says AccessDenied: not  [1myours"), "{told}");
        assert!(told.len() < 300 && !told.contains("id-of-the-key"), "{told}");
        assert!(matches!(&refused, ObjectError::Failed { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied), "{told}");
    }
    let shown = format!("{objects:?}");
    assert!(!shown.contains("id-of-the-key") && !shown.contains("the-secret"), "{shown}");
}

#[tokio::test]
async fn more_than_an_object_may_have_is_not_taken_in() {
    let long = |len: u64| {
        format!("HTTP/1.1 200 OK\r\nlast-modified: Tue, 01 Dec 2026 00:00:00 GMT\r\netag: \"x\"\r\ncontent-length: {len}\r\n\r\n")
    };
    let objects = service(long(MAX_OBJECT + 1)).await;
    let refused = objects.get("q/1").await.unwrap_err();
    assert!(matches!(&refused, ObjectError::TooLarge { size, .. } if *size == MAX_OBJECT + 1), "{refused:?}");
    let objects = service(long(3) + "ab").await;
    let refused = objects.get("q/1").await.unwrap_err();
    assert!(matches!(&refused, ObjectError::Failed { .. }), "an object that ends early is none: {refused:?}");
}

#[test]
fn what_is_missing_to_ask_a_bucket_is_said() {
    let open = |settings| Objects::bucket_as("s3://mail/box", settings).unwrap_err();
    assert!(matches!(open(AmazonS3Builder::new()), OpenError::NoCredentials));
    assert!(matches!(open(settings(1).with_allow_http(false)), OpenError::PlainHttp));
    let half = AmazonS3Builder::new().with_access_key_id("id-of-the-key");
    assert!(matches!(open(half), OpenError::Bucket(_)));
    assert!(matches!(Objects::bucket_as("s3://key:secret@mail", settings(1)), Err(OpenError::Address)));
}

#[test]
fn a_bucket_is_shared_and_other_places_are_not() {
    let home = tempfile::tempdir().unwrap();
    assert!(bucket(1).is_shared());
    assert!(!Objects::directory(&home.path().join("objects")).unwrap().is_shared() && !Objects::in_memory().is_shared());
}
