"""Reading a running cloud, beside a plain listing of the same sections by openstacksdk."""
