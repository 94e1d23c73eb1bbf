//! What may be the name of an object: the same in a folder and in a bucket.

/// The most bytes of a name. A bucket takes 1,024 with the prefix before it.
const MAX_NAME: usize = 500;

/// The most bytes between two slashes. A folder takes 255 with what an unfinished file has behind its name.
const MAX_PART: usize = 200;

/// Whether `name` is parts of small letters, digits, '-' and '.', with '/' between them. No part begins with '.' or has two of them in a row.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('/').all(is_part)
}

/// Whether `part` may stand between two slashes.
pub(super) fn is_part(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    !part.is_empty() && part.len() <= MAX_PART && part.bytes().all(plain) && !part.starts_with('.') && !part.contains("..")
}

#[test]
fn names_are_the_same_plain_paths_everywhere() {
    for good in ["a", "q/0f3a/log/0000000000000001", "a-b/c.d", "-", &"x".repeat(MAX_PART)] {
        assert!(is_name(good), "{good:?}");
    }
    let long = ["x".repeat(MAX_PART), "y".repeat(MAX_PART), "z".repeat(MAX_PART)].join("/");
    let bad = [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".a", "a..b", "A", "a b", "a_b", "a#1", "a%2fb", "ä", "a\0", "a\\b",
        "a:b",
    ];
    for bad in bad.into_iter().chain([long.as_str(), &"x".repeat(MAX_PART + 1)]) {
        assert!(!is_name(bad), "{bad:?}");
    }
}
