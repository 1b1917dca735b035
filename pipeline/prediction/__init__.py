"""What a segmenter's answer, and all that is known of a video, become as a label map."""
