"""Everything that is declared, decided and provisioned for a tenant; imports flow declaration <- policy <- neutron <- components."""
