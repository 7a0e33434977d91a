#include "postrider/db/errors.h"
