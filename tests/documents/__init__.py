"""The examples of SkipUp's public documents, as data, and the proof that the client speaks and reads them."""
