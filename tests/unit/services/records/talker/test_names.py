"""Files of a person's folder are called as SyncTalk_2D's document calls them."""

from services.formats.talker.tree import tree_of
from services.records.talker.names import (
    FRAMES_FOLDER,
    LANDMARKS_FILE,
    LANDMARKS_FOLDER,
    SOUND_FILE,
    features_file,
    frame_file,
    landmarks_file,
    output_name,
)


def test_names_are_those_of_the_document_and_the_reader_finds_them() -> None:
    names = [frame_file(0, "png"), landmarks_file(0), SOUND_FILE, LANDMARKS_FILE, features_file("ave")]
    assert names == ["full_body_img/000000.png", "landmarks/000000.pkl", "aud.wav", "landmarks.npz", "aud_ave.npy"]
    assert frame_file(1_234_567, "jpg") == "full_body_img/1234567.jpg"
    assert (FRAMES_FOLDER, LANDMARKS_FOLDER) == ("full_body_img", "landmarks")
    tree = tree_of(names)
    assert (tree.frames, tree.landmarks, tree.sound, tree.table) == (*((name,) for name in names[:2]), *names[2:4])


def test_the_output_is_the_persons_folder() -> None:
    assert output_name("anna", "aud.wav") == "aud.wav"
