"""Operations into the store from files, and out of it."""
