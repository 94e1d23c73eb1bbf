//! Facts that hold in every place. Each is run in all of them.

use super::*;

in_every_place! {
    what_is_put_is_got_and_listed
    a_put_replaces_what_was_there
    what_is_absent_is_none_and_no_error_to_delete
    a_list_holds_what_lies_below_its_prefix_and_nothing_beside_it
    a_name_that_others_lie_below_is_no_object
    a_long_list_is_whole_and_sorted
    many_at_once_all_arrive
    of_two_things_under_one_name_one_is_left_whole
    puts_and_deletions_at_once_do_not_hinder_each_other
    large_objects_come_back_whole_up_to_the_limit
    a_clone_is_the_same_place
    other_names_are_refused
}

async fn what_is_put_is_got_and_listed(objects: Objects) {
    assert_eq!(objects.list("").await.unwrap(), []);
    for (name, len) in [("q/1", 1), ("q/log-a/0001.x", 1000), ("empty", 0)] {
        objects.put(name, bytes(7, len)).await.unwrap();
        assert_eq!(objects.get(name).await.unwrap(), Some(bytes(7, len)), "{name}");
    }
    let listed = |name: &str, size| Listed { name: name.into(), size };
    assert_eq!(objects.list("").await.unwrap(), [listed("empty", 0), listed("q/1", 1), listed("q/log-a/0001.x", 1000)]);
    objects.delete(owned(&["q/1", "empty"])).await.unwrap();
    assert_eq!(objects.get("q/1").await.unwrap(), None);
    assert_eq!(names(&objects, "").await, ["q/log-a/0001.x"]);
}

async fn a_put_replaces_what_was_there(objects: Objects) {
    for (seed, len) in [(1, 100), (1, 100), (2, 70_000), (3, 5), (4, 0)] {
        objects.put("q/1", bytes(seed, len)).await.unwrap();
        assert_eq!(objects.get("q/1").await.unwrap(), Some(bytes(seed, len)));
        assert_eq!(objects.list("q").await.unwrap(), [Listed { name: "q/1".into(), size: len as u64 }]);
    }
}

async fn what_is_absent_is_none_and_no_error_to_delete(objects: Objects) {
    assert_eq!(objects.get("q/1").await.unwrap(), None);
    assert_eq!(objects.list("q").await.unwrap(), []);
    objects.delete(vec![]).await.unwrap();
    objects.delete(owned(&["q/1", "q/deep/er", "other"])).await.unwrap();
    objects.put("q/1", bytes(1, 10)).await.unwrap();
    objects.delete(owned(&["q/0", "q/1", "q/1", "q/2"])).await.unwrap();
    objects.delete(owned(&["q/1"])).await.unwrap();
    assert_eq!(names(&objects, "").await, Vec::<String>::new());
}

async fn a_list_holds_what_lies_below_its_prefix_and_nothing_beside_it(objects: Objects) {
    let all = ["p", "q-1/a", "q.1", "q/1", "q/1-a/x", "q/10", "q/11/b", "q1", "qq/1"];
    for name in all {
        objects.put(name, bytes(1, 3)).await.unwrap();
    }
    assert_eq!(names(&objects, "").await, all);
    assert_eq!(names(&objects, "q").await, ["q/1", "q/1-a/x", "q/10", "q/11/b"]);
    assert_eq!(names(&objects, "q/1").await, Vec::<String>::new());
    assert_eq!(names(&objects, "q/11").await, ["q/11/b"]);
    assert_eq!(names(&objects, "qqq").await, Vec::<String>::new());
}

async fn a_name_that_others_lie_below_is_no_object(objects: Objects) {
    objects.put("q/a/1", bytes(1, 3)).await.unwrap();
    assert_eq!(objects.get("q").await.unwrap(), None);
    assert_eq!(objects.get("q/a/1/x").await.unwrap(), None);
    assert_eq!(names(&objects, "q/a/1").await, Vec::<String>::new());
    objects.delete(owned(&["q", "q/a", "q/a/1/x"])).await.unwrap();
    assert_eq!(names(&objects, "q").await, ["q/a/1"]);
}

async fn a_long_list_is_whole_and_sorted(objects: Objects) {
    let all: Vec<_> = (0..2500).map(|seq| format!("q/log/{seq:016x}")).collect();
    let put = |name: &String| {
        let (objects, name) = (objects.clone(), name.clone());
        async move { objects.put(&name, b"x".to_vec()).await.unwrap() }
    };
    at_once(all.iter().rev().map(put)).await;
    objects.put("q/other", vec![]).await.unwrap();
    assert_eq!(names(&objects, "q/log").await, all);
    objects.delete(all).await.unwrap();
    assert_eq!(names(&objects, "").await, ["q/other"]);
}

async fn many_at_once_all_arrive(objects: Objects) {
    let name = |at: u64| format!("q{}/log{}/{at}", at % 3, at % 7);
    at_once((0..200).map(|at| {
        let objects = objects.clone();
        async move { objects.put(&name(at), bytes(at, 3000)).await.unwrap() }
    }))
    .await;
    at_once((0..200).map(|at| {
        let objects = objects.clone();
        async move { assert_eq!(objects.get(&name(at)).await.unwrap(), Some(bytes(at, 3000))) }
    }))
    .await;
    assert_eq!(names(&objects, "").await.len(), 200);
}

async fn of_two_things_under_one_name_one_is_left_whole(objects: Objects) {
    at_once((0..20).map(|seed| {
        let objects = objects.clone();
        async move { objects.put("q/1", bytes(seed, 50_000)).await.unwrap() }
    }))
    .await;
    let left = objects.get("q/1").await.unwrap().unwrap();
    assert!((0..20).any(|seed| left == bytes(seed, 50_000)));
    assert_eq!(names(&objects, "").await, ["q/1"]);
}

async fn puts_and_deletions_at_once_do_not_hinder_each_other(objects: Objects) {
    // Each comes and goes in the same few folders, which are there or not meanwhile.
    at_once((0..200).map(|at| {
        let objects = objects.clone();
        async move {
            let name = format!("q/{}/log/{at}", at / 2);
            objects.put(&name, bytes(at, 10)).await.unwrap();
            assert_eq!(objects.get(&name).await.unwrap(), Some(bytes(at, 10)));
            objects.delete(vec![name.clone()]).await.unwrap();
            assert_eq!(objects.get(&name).await.unwrap(), None);
        }
    }))
    .await;
    assert_eq!(names(&objects, "").await, Vec::<String>::new());
}

async fn large_objects_come_back_whole_up_to_the_limit(objects: Objects) {
    let most = usize::try_from(MAX_OBJECT).unwrap();
    for len in [4 << 20, most] {
        objects.put("q/large", bytes(3, len)).await.unwrap();
        assert!(objects.get("q/large").await.unwrap() == Some(bytes(3, len)), "{len} bytes came back as others");
    }
    let refused = objects.put("q/larger", bytes(3, most + 1)).await.unwrap_err();
    assert!(matches!(&refused, ObjectError::TooLarge { size, .. } if *size == MAX_OBJECT + 1), "{refused}");
    assert_eq!(objects.get("q/larger").await.unwrap(), None);
}

async fn a_clone_is_the_same_place(objects: Objects) {
    let other = objects.clone();
    objects.put("q/1", bytes(1, 3)).await.unwrap();
    assert_eq!(other.get("q/1").await.unwrap(), Some(bytes(1, 3)));
    assert_eq!(other.is_shared(), objects.is_shared());
}

async fn other_names_are_refused(objects: Objects) {
    objects.put("q/1", bytes(1, 3)).await.unwrap();
    for bad in ["/q/1", "q/../q/1", "Q/1", "q/1#1", "q//1"] {
        let refusals = [
            objects.put(bad, vec![]).await.unwrap_err(),
            objects.get(bad).await.unwrap_err(),
            objects.list(bad).await.unwrap_err(),
            objects.delete(owned(&["q/1", bad])).await.unwrap_err(),
        ];
        for refused in refusals {
            assert!(matches!(&refused, ObjectError::Name(name) if name == bad), "{bad}: {refused}");
        }
    }
    assert_eq!(names(&objects, "").await, ["q/1"], "nothing goes where one of the names is bad");
}
