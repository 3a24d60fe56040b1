// Tests of the file store go here.
